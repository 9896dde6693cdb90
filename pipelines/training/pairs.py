"""Preference pairs: one prompt with two answers, of which people preferred one, as the trainer reads them.

    {"messages": [{"role": "user", "content": "Name a fruit."}, {"role": "assistant", "content": "Apple."}],
     "rejected": [{"role": "assistant", "content": "Carrot."}]}

A line of a preference run's data file: the conversation with the chosen answer, and what was rejected in the place of
its last message. Both are rendered and marked as any other conversation (`data.py`); only the last answer counts, since
all before it is the same on both sides.

Not covered: several rejected answers in one line (they are a line each), a strength of the preference.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.data import TokenisedData, TokenisedExample, read_conversations, tokenise
from pipelines.training.settings import TrainSettings


@dataclass(frozen=True)
class Pair:
    """Two conversations that differ in their last message."""

    chosen: list[Message]
    rejected: list[Message]


@dataclass(frozen=True)
class TokenisedPair:
    """A pair as the trainer reads it; `reference` is filled in before the first step."""

    chosen: TokenisedExample
    rejected: TokenisedExample
    reference: tuple[float, float] = (0.0, 0.0)
    """Log-probability of the chosen and of the rejected answer under the model that training starts from, in nats."""

    @property
    def supervised(self) -> int:
        """Number of tokens of both answers whose probability is computed."""
        return self.chosen.supervised + self.rejected.supervised

    @property
    def size(self) -> int:
        """Tokens that are computed for it in a batch of its own: two rows of the longer side."""
        return 2 * max(len(self.chosen.tokens), len(self.rejected.tokens))

    @property
    def read(self) -> int:
        """Tokens that are read for it, without padding."""
        return len(self.chosen.tokens) + len(self.rejected.tokens)

    @property
    def sides(self) -> tuple[TokenisedExample, TokenisedExample]:
        """Both token sequences, that with the chosen answer first."""
        return self.chosen, self.rejected

    @property
    def prompt(self) -> tuple[int, ...]:
        """The tokens before the answer, by which pairs of one prompt are told."""
        return tuple(self.chosen.tokens[: self.chosen.trained.index(True)])

    def cut(self, length: int) -> "TokenisedPair":
        """Return it with at most so many tokens a side."""
        return replace(self, chosen=self.chosen.cut(length), rejected=self.rejected.cut(length))


@dataclass(frozen=True)
class PairData:
    """Pairs ready to train on, and what happened to the others; named as in `TokenisedData`."""

    examples: list[TokenisedPair]
    positions: list[int]
    vanished: list[int]
    """Left out: a side has nothing to learn within the longest length, or both sides are the same there."""
    chosen: TokenisedData
    rejected: TokenisedData

    @property
    def truncated(self) -> list[int]:
        """Positions of pairs of which a side was cut."""
        return sorted({*self.chosen.truncated, *self.rejected.truncated})

    @property
    def lost(self) -> int:
        """Trained tokens that the cut took away."""
        return self.chosen.lost + self.rejected.lost

    @property
    def tokens(self) -> int:
        """Tokens of all pairs that are left."""
        return sum(pair.read for pair in self.examples)

    @property
    def supervised(self) -> int:
        """Tokens of all answers that are left."""
        return sum(pair.supervised for pair in self.examples)


def tokenise_for(
    settings: TrainSettings,
    source: Sequence[Any],
    tokenizer: Any,
    *,
    max_length: int,
    progress: Progress = no_progress,
) -> TokenisedData | PairData:
    """Tokenise what a method trains on: pairs for preference training, conversations for all others."""
    if settings.method == "dpo":
        return tokenise_pairs(source, tokenizer, max_length=max_length, progress=progress)
    return tokenise(source, tokenizer, max_length=max_length, turns=settings.turns, progress=progress)


def read_for(settings: TrainSettings, path: Path) -> list[Any]:
    """Read a run's data file: pairs for preference training, conversations for all others.

    Raises:
        CurationError: the file is missing, or a line is none; names the line.
    """
    return read_pairs(path) if settings.method == "dpo" else read_conversations(path)


def noun(settings: TrainSettings) -> str:
    """Return what a run's examples are called."""
    return "pairs" if settings.method == "dpo" else "examples"


def conversation_of(source: Any) -> list[Message]:
    """Return what a line is read as: itself, of a pair the conversation with the chosen answer."""
    return list(source.chosen if isinstance(source, Pair) else source)


def read_pairs(path: Path) -> list[Pair]:
    """Read a preference run's data file.

    Raises:
        CurationError: the file is missing, or a line is no pair; names the line.
    """
    pairs: list[Pair] = []
    remedy = "Start a new run; a run's data files are not edited by hand."
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                chosen, rejected = row["messages"], row["rejected"]
                for side in (chosen, rejected):
                    if not isinstance(side, list) or not all(isinstance(message, dict) for message in side):
                        raise ValueError("messages or rejected is no list of objects")
                pairs.append(Pair(chosen, [*chosen[:-1], *rejected]))
    except OSError as error:
        raise CurationError(f"The data file '{path.name}' cannot be read: {error.strerror}.", remedy) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CurationError(f"{path.name}, line {len(pairs) + 1}: no pair ({error}).", remedy) from error
    return pairs


def tokenise_pairs(
    pairs: Sequence[Pair], tokenizer: Any, *, max_length: int, progress: Progress = no_progress
) -> PairData:
    """Render, tokenise and mark both sides of every pair; leave out those with nothing to tell apart.

    Args:
        pairs: the pairs.
        tokenizer: a fast tokenizer with a chat template.
        max_length: longest side in tokens; the end of a longer one is cut.
        progress: told now and then.

    Raises:
        CurationError: the template refuses a conversation or rewrites earlier turns.
    """
    chosen, rejected = (
        tokenise(
            [getattr(pair, side) for pair in pairs],
            tokenizer,
            max_length=max_length,
            turns="last",
            progress=part_of(progress, start, start + 0.5),
        )
        for side, start in (("chosen", 0.0), ("rejected", 0.5))
    )
    sides = [dict(zip(data.positions, data.examples, strict=True)) for data in (chosen, rejected)]
    examples, positions, vanished = [], [], []
    for position in range(len(pairs)):
        both = [side.get(position) for side in sides]
        if both[0] is None or both[1] is None or both[0].tokens == both[1].tokens:
            vanished.append(position)
            continue
        examples.append(TokenisedPair(both[0], both[1]))
        positions.append(position)
    return PairData(examples, positions, vanished, chosen, rejected)
