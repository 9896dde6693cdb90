"""Draw single answers to be rated on criteria: which a rater sees, and in which order; no name is ever with them.

Everything is fixed before anything is shown, from the seed alone. The examples are drawn by (seed, example), so that
several raters rate the same ones and a larger count adds to a smaller. Their order is drawn for each rater, and so is
which variant's answer comes first. Answers to one example are kept apart: examples go in blocks of ten or more, and a
block's first answers are all shown before its second ones. Whoever stops after some blocks has rated both.

    answer_id "4e7a…"  example_id "5f0c…"  variant "tuned"  rater "ada"  shown_as "4e7a…"  position 0  names_model False

An answer that several variants gave alike is shown once and its scores count for each: `shown_as` is then the id of the
one that is shown. An answer that names a model or its maker may tell whose it is; it is marked (`names_model`).
"""

import hashlib
import re
from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.score import OUTPUTS
from pipelines.examples import check_columns
from pipelines.rating.repeats import SUFFIX, chosen_again

ANSWERS = pl.Schema(
    {
        "answer_id": pl.String,
        "example_id": pl.String,
        "variant": pl.String,
        "rater": pl.String,
        "shown_as": pl.String,
        "position": pl.Int64,
        "names_model": pl.Boolean,
    }
)
BLOCK = 10

_MAKERS = (
    r"chat\s?gpt|gpt-?\d\w*|openai|anthropic|claude|gemini|llama|mistral|mixtral|qwen|deepseek|gemma|phi-\d|copilot"
)
_MODEL = re.compile(rf"(?i)(?<![a-z])(?:{_MAKERS})(?![a-z])")


def draw_answers(
    outputs: pl.DataFrame,
    variants: Sequence[str],
    *,
    rater: str,
    seed: int = 0,
    count: int | None = None,
    drawn: pl.DataFrame | None = None,
    scope: str = "",
) -> pl.DataFrame:
    """Draw the answers of some variants for one rater.

    Args:
        outputs: `pipelines.evaluation.score.OUTPUTS`; other variants in it are left aside.
        variants: whose answers are rated; one at least.
        rater: who will rate.
        seed: of examples and order.
        count: of how many examples at most; None for all that every variant answered.
        drawn: `ANSWERS` that this rater was given before within this scope; they are not drawn again, and positions go
            on after them.
        scope: goes into the ids, so that the same draw in another study has other ids.

    Returns:
        `ANSWERS` in the order in which they are to be shown; empty where everything was drawn before.

    Raises:
        CurationError: no rater, no or an unknown variant, one named twice, no example that all of them answered, two
            outputs for one example.
    """
    if not rater.strip():
        raise CurationError("A rating needs a rater.", "Give the name that the ratings are stored under.")
    if count is not None and count < 1:
        raise CurationError(f"Answers to {count} examples cannot be drawn.", "Ask for one at least.")
    texts = _texts(outputs, variants)
    before = ANSWERS.to_frame(eager=True) if drawn is None else drawn.select(list(ANSWERS))
    known = set(before.select("example_id", "variant").iter_rows())
    chosen = sorted(texts, key=lambda example: _draw(seed, "who", example))[:count]
    chosen = [example for example in chosen if any((example, name) not in known for name in variants)]
    chosen.sort(key=lambda example: _draw(seed, "order", rater, example))
    shown = {(key, texts.get(key, {}).get(name)): one for key, name, one in _shown(before)}
    rows: list[tuple[str, str, str, str, str, int, bool]] = []
    position = before.height
    turns = {example: _turns(variants, seed, rater, example) for example in chosen}
    for block in _blocks(chosen):
        for turn in range(len(variants)):
            for example in block:
                name = turns[example][turn]
                if (example, name) in known:
                    continue
                text = texts[example][name]
                answer = _draw(seed, "answer", scope, name, rater, example).hex()
                first = shown.setdefault((example, text), answer)
                rows.append((answer, example, name, rater, first, position, names_model(text)))
                position += 1
    return pl.DataFrame(rows, schema=ANSWERS, orient="row")


def draw_repeated_answers(answers: pl.DataFrame) -> pl.DataFrame:
    """Choose which of newly drawn answers come a second time, to measure a rater's agreement with themself.

    Args:
        answers: `ANSWERS` of one rater, newly drawn.

    Returns:
        `ANSWERS` of one in twenty of those that are shown (none of fewer than twenty), chosen by their ids alone, at
        least ten places behind the first showing. A repeat is no further rating: nothing else counts it.
    """
    shown = answers.filter(pl.col("answer_id") == pl.col("shown_as"))
    rows = [
        {**row, "answer_id": row["answer_id"] + SUFFIX, "shown_as": row["answer_id"] + SUFFIX}
        for row in chosen_again(shown, "answer_id")
    ]
    return pl.DataFrame(rows, schema=answers.schema)


def names_model(text: str) -> bool:
    """Return whether an answer names a language model or its maker: a rater may then guess whose it is."""
    return _MODEL.search(text) is not None


def _texts(outputs: pl.DataFrame, variants: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return example -> variant -> text, of the examples that all variants answered."""
    check_columns(outputs, OUTPUTS, "outputs")
    if not variants:
        raise CurationError("No variant is named whose answers are to be rated.", "Choose one at least.")
    known = outputs["variant"].drop_nulls().unique().sort().to_list()
    for place, name in enumerate(variants):
        if name not in known:
            raise CurationError(
                f"There are no outputs of the variant '{name}'.", f"Choose among: {', '.join(known) or 'none so far'}."
            )
        if name in variants[:place]:
            raise CurationError(f"'{name}' is named twice.", "Name each variant once.")
    rows = outputs.filter(pl.col("variant").is_in(list(variants))).drop_nulls("text")
    twice = rows.filter(pl.struct("variant", "example_id").is_duplicated())
    if not twice.is_empty():
        raise CurationError(
            f"Variant '{twice['variant'][0]}' has more than one output for example {twice['example_id'][0]}.",
            "Keep one output a variant and example.",
        )
    texts: dict[str, dict[str, str]] = {}
    for variant, example, text in rows.select("variant", "example_id", "text").iter_rows():
        texts.setdefault(example, {})[variant] = text.strip()
    common = {example: found for example, found in texts.items() if len(found) == len(variants)}
    if not common:
        raise CurationError(
            f"{', '.join(variants)} have no answered example in common.", "Let them answer the same examples first."
        )
    return common


def _turns(variants: Sequence[str], seed: int, rater: str, example: str) -> list[str]:
    """Return the order in which a rater sees the variants' answers to one example."""
    return sorted(variants, key=lambda name: _draw(seed, "turn", rater, example, name))


def _shown(drawn: pl.DataFrame) -> list[tuple[str, str, str]]:
    return list(drawn.select("example_id", "variant", "shown_as").iter_rows())


def _blocks(examples: Sequence[str]) -> list[Sequence[str]]:
    """Cut into blocks of `BLOCK` or a few more; fewer only where there are fewer in all."""
    count = max(1, len(examples) // BLOCK)
    ends = [len(examples) * number // count for number in range(count + 1)]
    return [examples[start:end] for start, end in pairwise(ends)]


def _draw(seed: int, *parts: str) -> bytes:
    """Return 16 bytes that look random and depend on nothing but the seed and the parts."""
    key = "\x1f".join((str(seed), *parts))
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
