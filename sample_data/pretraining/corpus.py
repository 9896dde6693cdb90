"""The corpus: documents drawn from the mix of skills, as text of the chat template, and as a row of token ids."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from sample_data.pretraining.common import COMMON
from sample_data.pretraining.skills import FIRST_MIX, SECOND_MIX, Skill
from sample_data.pretraining.tokenizer import END

BATCH = 2000
MIXES = (FIRST_MIX, SECOND_MIX)


def documents(seed: int, count: int, mix: dict[Skill, float] = FIRST_MIX) -> Iterator[str]:
    """Yield documents as the text that the chat template makes of them."""
    rng = random.Random(seed)
    skills, weights = list(mix), list(mix.values())
    for _ in range(count):
        messages = rng.choices(skills, weights)[0](rng)
        yield "".join(f"<|{message['role']}|>{message['content']}{END}" for message in messages)


def tokenizer_texts(seed: int, count: int) -> Iterator[str]:
    """Yield what the tokenizer is trained on: documents, and common words as they stand in objects and sentences."""
    yield from documents(seed, count)
    rng = random.Random(seed)
    for _ in range(40):
        row = list(COMMON)
        rng.shuffle(row)
        for first, second, third in zip(row[::3], row[1::3], row[2::3], strict=False):
            yield f'{{"{first}": "{second}"}} {third.capitalize()} {first}'


def token_part(job: tuple[str, int, int]) -> bytes:
    """Make one part of the corpus as raw uint16 token ids."""
    import numpy as np
    from tokenizers import Tokenizer

    path, seed, stage = job
    tokenizer = Tokenizer.from_file(path)
    encodings = tokenizer.encode_batch(list(documents(seed, BATCH, MIXES[stage])))
    return np.concatenate([np.array(encoding.ids, dtype=np.uint16) for encoding in encodings]).tobytes()


def write_tokens(folder: Path, path: Path, seed: int, tokens: int, stage: int = 0, processes: int = 2) -> int:
    """Write at least so many token ids of fresh documents to a raw uint16 file; returns the number written."""
    from multiprocessing import get_context

    written = 0
    jobs = ((str(folder / "tokenizer.json"), (seed + stage) * 1_000_003 + part, stage) for part in itertools.count())
    with path.open("wb") as file, get_context("spawn").Pool(processes) as pool:
        while written < tokens:
            for data in pool.map(token_part, itertools.islice(jobs, 2 * processes)):
                written += file.write(data) // 2
    return written
