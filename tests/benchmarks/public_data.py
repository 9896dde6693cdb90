"""The public data that the benchmarks measure on, and how they print: a Markdown table and one JSON line.

The data is not part of the repository. Its folder is WORKBENCH_PUBLIC_DATA or `../shared/data` beside the repository;
where a file is absent the benchmark says so and ends without a figure.
"""

import gzip
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.embedding.cache import EmbeddingCache
from pipelines.embedding.embed import embed_texts
from pipelines.embedding.encoder import Vectors
from pipelines.embedding.minilm import load_encoder

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[3] / "shared" / "data")
# Vectors are kept between runs, so that only the first one pays for them.
VECTORS = Path(tempfile.gettempdir()) / "workbench-benchmark-vectors"


def file_of(name: str) -> Path:
    """Return the path of a public file, or end the benchmark with a message where it is absent."""
    path = PUBLIC_DATA / name
    if not path.exists():
        print(f"Skipped: there is no '{path}'. Set WORKBENCH_PUBLIC_DATA to the folder of the public data.")
        sys.exit(0)
    return path


def rows_of(name: str) -> list[dict[str, Any]]:
    """Read a file of JSON lines, gzipped or not."""
    path = file_of(name)
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in content.splitlines()]


def vectors_of(texts: Sequence[str]) -> Vectors:
    """Embed texts by the bundled encoder, on one thread.

    Two threads on two cores that others use too wait for each other at every operation: ten times the time of one.
    """
    import torch

    torch.set_num_threads(1)
    return embed_texts(list(texts), load_encoder(), EmbeddingCache(VECTORS))


def conversation(prompt: str, completion: str) -> list[dict[str, str]]:
    """Return one turn."""
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]


def tell(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], figures: Mapping[str, object]) -> None:
    """Print a Markdown table under its title, then the figures as one JSON line."""
    print(f"\n**{title}**\n")
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---" for _ in columns) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |")
    print(json.dumps({"figures": title, **figures}, ensure_ascii=False), flush=True)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
