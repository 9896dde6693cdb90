"""The sets of held-out examples that variants answer: validation, test, and the test split typed as production types.

The noisy test set has the test split's examples, ids and answers; only what users say in them is written otherwise. It
is sealed like the test split: a look at the one is a look at the other.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import polars as pl

from pipelines.errors import CurationError
from workbench.store.runs import EvaluationRecord
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

HeldOut = Literal["validation", "test", "noisy-test"]
HELD_OUT: tuple[HeldOut, ...] = get_args(HeldOut)
NOISY_TEST: HeldOut = "noisy-test"


def is_sealed(held_out: str) -> bool:
    """Whether answering a held-out set is a look at the test split."""
    return held_out in ("test", NOISY_TEST)


def held_out_ids(store: Store, version: VersionRecord, held_out: str) -> list[str]:
    """Return the ids of a held-out set's curated examples, sorted.

    Raises:
        CurationError: the version has no noisy test set.
    """
    if held_out == NOISY_TEST and version.noise is None:
        raise CurationError(
            "This version has no noisy test set.",
            "Import production queries, split again (workbench split PROJECT --noisy-test), and train on that split.",
        )
    split = "test" if is_sealed(held_out) else held_out
    members = store.versions.members(version.number)
    return members.filter(pl.col("included") & (pl.col("split") == split))["example_id"].to_list()


def as_asked(store: Store, version: VersionRecord, held_out: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return held-out examples as variants were asked them, in the order of the ids: the columns of `EXAMPLES`."""
    examples = store.examples.with_ids(list(ids))
    return noisy_examples(examples, version) if held_out == NOISY_TEST else examples


def as_evaluated(store: Store, evaluation: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return examples as an evaluation's variants were asked them, in the order of the ids."""
    record = next(record for record in store.runs.evaluations() if record.evaluation == evaluation)
    if record.split != NOISY_TEST:
        return store.examples.with_ids(list(ids))
    return as_asked(store, version_of(store, record), record.split, ids)


def version_of(store: Store, record: EvaluationRecord) -> VersionRecord:
    """Return the version whose held-out examples an evaluation is about.

    Raises:
        CurationError: it is not in the project.
    """
    version = store.versions.with_version(record.version)
    if version is None:
        raise CurationError("The version of this evaluation is not in the project.", "Evaluate again.")
    return version


def noisy_examples(examples: pl.DataFrame, version: VersionRecord) -> pl.DataFrame:
    """Return test examples with their version's noise on the prompts; ids and answers stay.

    Args:
        examples: example_id, messages, prompt, and any more columns.
        version: one with noise.
    """
    from pipelines.examples import canonical_messages, messages_of, prompt_text
    from pipelines.splitting.noise import NoiseRates, noisy_messages

    assert version.noise is not None
    chances, seed = NoiseRates(**version.noise["chances"]), int(version.settings["seed"])
    noisy = [
        noisy_messages(messages_of(canonical), chances, seed, example_id)
        for example_id, canonical in examples.select("example_id", "messages").iter_rows()
    ]
    return examples.with_columns(
        messages=pl.Series([canonical_messages(messages) for messages in noisy], dtype=pl.String),
        prompt=pl.Series([prompt_text(messages) for messages in noisy], dtype=pl.String),
    )
