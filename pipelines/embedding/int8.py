"""The bundled encoder in 8-bit integers, for processors without bfloat16.

ONNX Runtime encodes so over twice as fast as sentence-transformers in floats, short queries 1.5 times. Each column of
weights has its own scale; the inputs of a product are scaled as they come. A text runs alone: in a batch its scale, and
with it its vector, would depend on the other texts.

The graph is exported by torch and quantised once, some ten seconds, and kept in a file. It is made of the bundled
safetensors weights on this machine and runs no foreign code; a file that is damaged is made anew.

Not covered: other models than the bundled one, and GPUs.

Source: dynamic quantisation, documentation of ONNX Runtime, "Quantize ONNX models".
"""

import contextlib
import hashlib
import importlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.embedding.encoder import Vectors
from pipelines.embedding.minilm import REINSTALL, bundled_folder, readable
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

FILE = "all-MiniLM-L6-v2-int8.onnx"
DIMENSION = 384
# Tokens that sentence-transformers reads of a text with this model.
TOKENS = 256
# Texts between two tellings of progress.
TOLD = 64
INSTALL = "Install it: pip install 'finetuning-workbench[fast]', or choose the encoder 'default'."


def load_int8(folder: Path, *, progress: Progress = no_progress) -> "Int8Encoder":
    """Load the quantised encoder.

    Args:
        folder: where its graph is kept; made and written there the first time.
        progress: is told while it is made.

    Raises:
        CurationError: ONNX Runtime or the bundled model is missing, or the folder cannot be written.
    """
    try:
        runtime = importlib.import_module("onnxruntime")
        importlib.import_module("onnx")
    except ImportError as error:
        raise CurationError("The encoder 'int8' needs ONNX Runtime, which is not installed.", INSTALL) from error
    if not bundled_folder().is_dir():
        raise CurationError("The bundled encoder is missing from this installation.", REINSTALL)
    file = folder / FILE
    session = _session(runtime, file) if file.is_file() else None
    if session is None:
        progress(0.0, "Quantising the bundled encoder, once")
        try:
            _write(file)
        except OSError as error:
            raise CurationError(
                f"The encoder 'int8' cannot be kept in '{folder}': {error.strerror or error}.",
                "Free space or make the folder writable, then run the stage again.",
            ) from error
        session = _session(runtime, file)
    if session is None:
        raise CurationError("This version of ONNX Runtime cannot run the quantised encoder.", INSTALL)
    # Kernels of another version may round otherwise, and so may those of another make of the graph.
    digest = hashlib.blake2b(file.read_bytes() + runtime.__version__.encode(), digest_size=6).hexdigest()
    return Int8Encoder(session, _tokenizer(), f"all-MiniLM-L6-v2-int8-{digest}")


class Int8Encoder:
    """An encoder around a session of ONNX Runtime."""

    dimension = DIMENSION

    def __init__(self, session: Any, tokenizer: Any, name: str) -> None:
        """Wrap a session whose graph gives unit rows, and the tokenizer of its model."""
        self._session = session
        self._tokenizer = tokenizer
        self.name = name

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Vectors:
        """Return unit rows in the order of the texts; a text's vector does not depend on the others."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for start in range(0, len(texts), TOLD):
            progress(start / len(texts), f"Embedding text {start + 1:,} of {len(texts):,}")
            found = self._tokenizer.encode_batch_fast([readable(text) for text in texts[start : start + TOLD]])
            for row, one in enumerate(found, start):
                ids = np.array([one.ids], dtype=np.int64)
                vectors[row] = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0][0]
        return vectors


def _session(runtime: Any, file: Path) -> Any:
    """Open a graph, or return None where it is damaged."""
    import torch

    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait for work leave the core to others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with contextlib.suppress(Exception):
        session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        probe = np.ones((1, 2), dtype=np.int64)
        if session.run(None, {"ids": probe, "mask": probe})[0].shape == (1, DIMENSION):
            return session
    return None


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)
    return tokenizer


def _write(file: Path) -> None:
    """Export the bundled model with its mean over tokens, quantise it, and put it in its place."""
    import torch
    from transformers import AutoModel

    quantization: Any = importlib.import_module("onnxruntime.quantization")

    class MeanOfTokens(torch.nn.Module):
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, mask: Any) -> Any:
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).float()
            mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    model = AutoModel.from_pretrained(
        bundled_folder(),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        attn_implementation="eager",
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    example = torch.ones((2, 4), dtype=torch.int64)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="making-") as place, _silent():
        whole, small = Path(place) / "whole.onnx", Path(place) / "small.onnx"
        torch.onnx.export(
            MeanOfTokens(model).eval(),
            (example, example),
            str(whole),
            input_names=["ids", "mask"],
            output_names=["vectors"],
            dynamic_axes={"ids": {0: "texts", 1: "tokens"}, "mask": {0: "texts", 1: "tokens"}, "vectors": {0: "texts"}},
            opset_version=17,
            # The newer exporter wants one more package and gives the same graph.
            dynamo=False,
        )
        quantization.quantize_dynamic(whole, small, weight_type=quantization.QuantType.QInt8, per_channel=True)
        os.replace(small, file)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep what exporter and quantiser have to say to developers from those who only embed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
