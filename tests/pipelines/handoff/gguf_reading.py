"""A reader of GGUF files, written from the specification and not from the writer."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

_SCALARS = {4: "<I", 5: "<i", 6: "<f", 7: "<?"}


def read_gguf(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return metadata, and tensors as float32 in numpy's order of dimensions."""
    data = path.read_bytes()
    place = 0

    def take(form: str) -> Any:
        nonlocal place
        values = struct.unpack_from(form, data, place)
        place += struct.calcsize(form)
        return values[0]

    def text() -> str:
        nonlocal place
        size = take("<Q")
        place += size
        return data[place - size : place].decode("utf-8")

    def value(kind: int) -> Any:
        if kind == 8:
            return text()
        if kind == 9:
            inner = take("<I")
            return [value(inner) for _ in range(take("<Q"))]
        return take(_SCALARS[kind])

    assert data[:4] == b"GGUF"
    place = 4
    assert take("<I") == 3
    tensors, pairs = take("<Q"), take("<Q")
    metadata = {}
    for _ in range(pairs):
        key = text()
        metadata[key] = value(take("<I"))
    listed = []
    for _ in range(tensors):
        name = text()
        dimensions = [take("<Q") for _ in range(take("<I"))]
        listed.append((name, tuple(reversed(dimensions)), take("<I"), take("<Q")))
    start = -(-place // 32) * 32
    found = {}
    for name, shape, kind, offset in listed:
        assert offset % 32 == 0
        count, begin = int(np.prod(shape)), start + offset
        if kind == 8:
            blocks = np.frombuffer(data, [("d", "<f2"), ("q", "i1", (32,))], count // 32, begin)
            flat = blocks["d"].astype(np.float32)[:, None] * blocks["q"]
        else:
            flat = np.frombuffer(data, {0: "<f4", 1: "<f2"}[kind], count, begin).astype(np.float32)
        found[name] = flat.reshape(shape)
    return metadata, found
