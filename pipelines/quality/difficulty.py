"""How hard an answer is for a base model: how much its prompt helps to foresee it (IFD), and its perplexity.

Method: the mean loss of the answer's tokens after its conversation, and after an empty question in the same chat
template; IFD is the first over the second. Near 1 or above, the prompt says nothing of the answer. Perplexity is the
exponential of the first. Both tell how much is to be learned, not how good an example is.

Source: Li et al. 2024, "From Quantity to Quality" (arXiv 2308.12032). Other than in its code, both losses are of the
very same tokens, the first one of the answer included, and no failure counts as 0.

Not covered: answers of few tokens (their ratio is noise) and ones that the model's length cuts: they have no value.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.examples import Message, messages_of, text_of
from pipelines.progress import Progress, no_progress

DIFFICULTY = pl.Schema(
    [
        ("example_id", pl.String),
        ("tokens", pl.Int64),
        ("loss", pl.Float64),
        ("loss_alone", pl.Float64),
        ("ifd", pl.Float64),
        ("perplexity", pl.Float64),
    ]
)
# Padded tokens that are computed at once.
_AT_ONCE = 4_096


class DifficultySettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of `measure_difficulty`."""

    base: str = Field("default", description="The model that is asked: the one that is to be tuned.")
    sample: int = Field(
        500, ge=1, description="Examples that are measured, drawn by their ids; a model reads each of them twice."
    )
    shortest: int = Field(8, ge=1, description="Tokens of an answer below which its difficulty is noise.")
    longest: int = Field(2_048, ge=16, description="Tokens of a conversation above which it is left out.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of the sample.")


@dataclass(frozen=True)
class Difficulty:
    """`difficulty`: a row an example that has a value; `without` counts those of the sample that have none."""

    difficulty: pl.DataFrame
    sampled: int
    without: int


@dataclass(frozen=True)
class _Pair:
    """One answer after its conversation, and the same tokens after an empty question."""

    example_id: str
    asked: Any
    alone: Any


def measure_difficulty(
    examples: pl.DataFrame, settings: DifficultySettings, *, progress: Progress = no_progress
) -> Difficulty:
    """Measure a sample of examples.

    Args:
        examples: `EXAMPLES`; the last answer of each is measured.
        settings: model, size of the sample, limits.
        progress: told the share; may raise to stop.

    Returns:
        `DIFFICULTY` by example_id: losses in nats a token (0 and up), IFD (0 and up, mostly below 1), perplexity (1 and
        up); empty where there are no examples.

    Raises:
        CurationError: the model cannot be loaded, or has no chat template.
    """
    chosen = _sample(examples, settings)
    if chosen.is_empty():
        return Difficulty(DIFFICULTY.to_frame(), 0, 0)
    from pipelines.training.base import load_base
    from pipelines.training.prepare import resolve_device

    progress(0.0, "Loading the base model")
    device = resolve_device("auto")
    model, tokenizer = load_base(settings.base, device=device)
    longest = min(settings.longest, _positions(model) or settings.longest)
    pairs = []
    for done, (example_id, messages) in enumerate(chosen.select("example_id", "messages").iter_rows()):
        pair = _paired(example_id, messages_of(messages), tokenizer, longest, settings.shortest)
        pairs += [] if pair is None else [pair]
        progress(0.1 * done / chosen.height, "Tokenising")
    rows = _measured(pairs, model, tokenizer, device, progress)
    frame = pl.DataFrame(rows, schema=DIFFICULTY, orient="row").sort("example_id")
    progress(1.0, f"Measured {frame.height:,} answers")
    return Difficulty(frame, chosen.height, chosen.height - frame.height)


def _sample(examples: pl.DataFrame, settings: DifficultySettings) -> pl.DataFrame:
    """Draw by a hash of seed and id, so that neither the order of rows nor new ones change who is drawn before whom."""

    def place(example_id: str) -> bytes:
        return hashlib.blake2b(f"{settings.seed}:{example_id}".encode(), digest_size=8).digest()

    ids = sorted(examples["example_id"].unique(), key=place)[: settings.sample]
    return examples.unique("example_id").filter(pl.col("example_id").is_in(ids)).sort("example_id")


def _positions(model: Any) -> int | None:
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return positions if isinstance(positions, int) else None


def _paired(example_id: str, messages: Sequence[Message], tokenizer: Any, longest: int, shortest: int) -> _Pair | None:
    if not messages or messages[-1].get("role") != "assistant":
        return None
    answer = {"role": "assistant", "content": text_of(messages[-1].get("content"))}
    asked = _tokens([*messages[:-1], answer], tokenizer, longest)
    alone = _tokens([{"role": "user", "content": ""}, answer], tokenizer, longest)
    if asked is None or alone is None or asked.supervised < shortest or _answer_of(asked) != _answer_of(alone):
        return None
    return _Pair(example_id, asked, alone)


def _tokens(messages: Sequence[Message], tokenizer: Any, longest: int) -> Any:
    """Return a conversation with the mark on its last answer; None where it is too long or the template refuses it."""
    from pipelines.training.data import tokenise

    plain = [{key: value for key, value in message.items() if key != "weight"} for message in messages]
    try:
        data = tokenise([plain], tokenizer, max_length=longest, turns="last")
    except CurationError:
        return None
    return data.examples[0] if data.examples and not data.truncated else None


def _answer_of(example: Any) -> list[int]:
    return [token for token, trained in zip(example.tokens, example.trained, strict=True) if trained]


def _measured(
    pairs: Sequence[_Pair], model: Any, tokenizer: Any, device: str, progress: Progress
) -> list[tuple[str, int, float, float, float, float]]:
    from pipelines.training.batches import length_sorted_batches
    from pipelines.training.loss import AnswerLoss, TokenLoss

    model.eval()
    pad_id = tokenizer.pad_token_id or 0
    loss = AnswerLoss(TokenLoss(model, bf16=False, device=device), pad_id=pad_id, device=device)
    both = [example for pair in pairs for example in (pair.asked, pair.alone)]
    means = [0.0] * len(both)
    done = 0
    for part in length_sorted_batches([example.size for example in both], _AT_ONCE):
        sums, counts = loss.by_example([both[index] for index in part])
        for index, total, count in zip(part, sums, counts, strict=True):
            means[index] = float(total / count)
        done += len(part)
        progress(0.1 + 0.9 * done / len(both), f"Asking the base model: {done // 2:,} of {len(pairs):,} answers")
    rows = []
    for place, pair in enumerate(pairs):
        asked, alone = means[2 * place], means[2 * place + 1]
        if alone > 0 and math.isfinite(asked) and math.isfinite(alone):
            ratio = asked / alone
            rows.append((pair.example_id, pair.asked.supervised, asked, alone, ratio, math.exp(min(asked, 700.0))))
    return rows
