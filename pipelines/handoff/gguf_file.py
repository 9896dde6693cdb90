"""GGUF files, version 3: metadata and tensors as llama.cpp and Ollama read them.

Written directly, without a library: a header, typed key-value pairs, the list of tensors, and their data, each aligned
to 32 bytes. Tensors are asked for one by one, so that a large model is never held twice.

Source: the GGUF specification of ggml (docs/gguf.md); block format Q8_0 of ggml-quants: 32 values share one 16-bit
scale d = max|x| / 127, each stored as the nearest whole number of d.
Not covered: 4-bit blocks (llama.cpp's `llama-quantize` makes them of the 16-bit file), big-endian files.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

ALIGNMENT = 32
_BLOCK = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
F32, F16, Q8_0 = 0, 1, 8


class UInt(int):
    """A metadata value that is written as an unsigned 32-bit number."""


@dataclass(frozen=True)
class Tensor:
    """One tensor: its shape as in numpy, how it is stored, and a function that gives its float32 values."""

    name: str
    shape: tuple[int, ...]
    kind: int
    values: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        """Bytes of its data."""
        count = int(np.prod(self.shape))
        return {F32: 4 * count, F16: 2 * count, Q8_0: count // _BLOCK * (_BLOCK + 2)}[self.kind]


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> None:
    """Write a file.

    Args:
        path: of the file; what is there is replaced.
        metadata: text, `UInt`, int, float, bool, or a list of texts, floats or ints.
        tensors: in the order of the file.

    Raises:
        ValueError: a tensor gives another shape than it says.
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
        for key, value in metadata.items():
            file.write(_text(key) + _typed(value))
        offset = 0
        for tensor in tensors:
            dimensions = tuple(reversed(tensor.shape))
            file.write(_text(tensor.name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions))
            file.write(struct.pack("<IQ", tensor.kind, offset))
            offset += _aligned(tensor.size)
        _pad(file)
        for tensor in tensors:
            values = tensor.values()
            if values.shape != tensor.shape:
                raise ValueError(f"{tensor.name} has shape {values.shape}, not {tensor.shape}")
            file.write(encoded(values, tensor.kind))
            _pad(file)


def encoded(values: np.ndarray, kind: int) -> bytes:
    """Return a tensor's bytes in a storage kind; float16 values beyond its range become the largest."""
    flat = np.ascontiguousarray(values, dtype=np.float32)
    if kind == F32:
        return flat.astype("<f4").tobytes()
    if kind == F16:
        most = float(np.finfo(np.float16).max)
        return np.clip(flat, -most, most).astype("<f2").tobytes()
    blocks = flat.reshape(-1, _BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse
    # ggml rounds halves away from zero.
    whole = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int8)
    out = np.empty(len(blocks), dtype=[("d", "<f2"), ("q", "i1", (_BLOCK,))])
    out["d"] = scale[:, 0].astype(np.float16)
    out["q"] = whole
    return out.tobytes()


def storage_kind(shape: Sequence[int], wanted: int) -> int:
    """Return how a tensor is stored: vectors as float32, matrices as wanted where their rows allow it."""
    if len(shape) < 2:
        return F32
    return F16 if wanted == Q8_0 and shape[-1] % _BLOCK else wanted


def _typed(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, UInt):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, int):
        return struct.pack("<Ii", _INT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    return _list(value)


def _list(values: Sequence[Any]) -> bytes:
    if isinstance(values[0], str):
        return struct.pack("<IIQ", _ARRAY, _STRING, len(values)) + b"".join(_text(value) for value in values)
    if isinstance(values[0], float):
        return struct.pack("<IIQ", _ARRAY, _FLOAT32, len(values)) + np.asarray(values, "<f4").tobytes()
    return struct.pack("<IIQ", _ARRAY, _INT32, len(values)) + np.asarray(values, "<i4").tobytes()


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _pad(file: BinaryIO) -> None:
    file.write(b"\0" * (-file.tell() % ALIGNMENT))
