"""Settings of linking, splitting and the certificate."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from pipelines.errors import CurationError

SPLITS = ("train", "validation", "test")


class LinkSettings(BaseModel, frozen=True, extra="forbid"):
    """What makes two examples belong to the same split.

    The near threshold was chosen so that related prompts are held together without chaining unrelated ones: on 9,200
    rows of `prompt_templates`, 14,484 of SNIPS, 23,851 of CLINC-150 and 25,813 of Alpaca the largest chain at 0.7 holds
    under 3 % of the rows.
    """

    near_threshold: float = Field(
        0.7, ge=0.3, le=1.0, description="Least Jaccard similarity of two prompts that may not be parted."
    )
    short_words: int = Field(
        16, ge=0, le=200, description="Prompts of at most this many words are also compared by their characters."
    )
    completion_characters: int = Field(
        60, ge=1, description="Equal completions link their examples from this length on; shorter ones are labels."
    )
    completion_prompts: int = Field(
        5, ge=2, description="A completion that more prompts share is a canned reply or a label, and links nothing."
    )
    rare_shingles: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Also link examples that share at least half of their rare word pairs: for templated data. auto: "
        "where that finds whole groups of wordings in most of the data.",
    )
    rare_containment: float = Field(
        0.5, ge=0.1, le=1.0, description="Least share of the rare word pairs of the smaller example that both hold."
    )
    rare_shared: int = Field(3, ge=1, description="Least number of rare word pairs that both hold.")
    rare_frequency: int = Field(
        80,
        ge=2,
        description="A word pair in more examples than this (or 0.2 % of them, at most 200) belongs to the template.",
    )
    largest_group: float = Field(
        0.05,
        gt=0.0,
        le=1.0,
        description="Share of the examples from which a chained group is cut at a higher threshold.",
    )


class SplitSettings(BaseModel, frozen=True, extra="forbid"):
    """How much goes where, and how groups are assigned."""

    train: float = Field(0.8, ge=0.0, le=1.0, description="Share of the examples to train on.")
    validation: float = Field(0.1, ge=0.0, le=1.0, description="Share to choose settings on.")
    test: float = Field(0.1, ge=0.0, le=1.0, description="Share that stays sealed until the end.")
    method: Literal["balanced", "hash"] = Field(
        "balanced",
        description="balanced: ratios are met as closely as the groups allow. hash: a group's place depends on nothing "
        "but its id, so ratios are met only by chance.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Another seed gives another split.")
    key: str = Field("", max_length=200, description="Column whose equal values stay together: a source key.")
    by: Literal["group", "time", "split", "production"] = Field(
        "group",
        description="group: by the groups' hashes. time: test is the latest. split: a column names the split. "
        "production: test has production's shares of the clusters.",
    )
    column: str = Field("", max_length=200, description="Column that holds the time, or the name of the split.")
    noise: bool = Field(
        False,
        description="Also make a second test set: the test prompts with production's typos, case and short forms.",
    )

    @property
    def record(self) -> dict[str, object]:
        """What a version remembers: what came later and was not asked for is left out, as before there was any."""
        further = {"key": "", "by": "group", "column": "", "noise": False}
        return {name: value for name, value in self.model_dump().items() if further.get(name) != value}

    @model_validator(mode="after")
    def _ratios_add_up(self) -> "SplitSettings":
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-6:
            raise CurationError(
                f"The ratios {self.train:g}, {self.validation:g} and {self.test:g} add up to {total:g}, not to 1.",
                "Choose three shares that add up to 1, such as 0.8, 0.1 and 0.1.",
            )
        if self.train == 0:
            raise CurationError("Nothing would be left to train on.", "Give train a share above 0.")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The asked share of every split, by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class CertificateSettings(BaseModel, frozen=True, extra="forbid"):
    """How the certificate looks for leaks."""

    near_threshold: float = Field(0.7, ge=0.3, le=1.0, description="Jaccard similarity of prompts that is a leak.")
    cosine_threshold: float = Field(0.95, ge=0.3, le=1.0, description="Cosine of prompts that a person should look at.")
    cosine_pairs: int = Field(
        2 * 10**9,
        ge=1,
        description="Most pairs between two splits whose cosine is computed; of more held-out prompts some are drawn.",
    )
    floor: float = Field(
        0.3, ge=0.1, le=1.0, description="Similarities below are not searched for; the highest is then unknown."
    )
    short_words: int = Field(
        16, ge=0, le=200, description="Prompts of at most this many words are also compared by their characters."
    )
    completion_characters: int = Field(60, ge=1, description="Shorter completions are not compared.")
    closest: int = Field(20, ge=0, le=1000, description="Closest pairs that are kept for a person to look at.")
    planted: int = Field(200, ge=0, le=100_000, description="Held-out prompts that are edited to measure the power.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of the planted edits.")
