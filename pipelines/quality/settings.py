"""Settings of the quality stages: scoring, suggestions, conflicts and personal data.

Every threshold that decides something is here, with its meaning; the measured figures behind the defaults are in the
docstrings of the modules that use them.
"""

from pydantic import BaseModel, Field


class QualitySettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of `score_examples` and `suggest`."""

    scorers: tuple[str, ...] = Field((), description="Names of the scorers to run; none named: all of them.")
    minimum_group: int = Field(
        20, ge=2, description="Examples that a task needs before its majority counts as its rule."
    )
    majority_share: float = Field(
        0.8,
        gt=0.5,
        le=1.0,
        description="Share of a task's examples that makes a habit (key spelling, ending) its rule.",
    )
    required_share: float = Field(
        0.95, gt=0.5, le=1.0, description="Share of a task's JSON objects that makes a field required."
    )
    language_letters: int = Field(25, ge=10, description="Letters that a text needs before its language is judged.")
    language_confidence: float = Field(
        0.7, ge=0.0, le=1.0, description="Probability from which an identified language is believed."
    )
    language_share: float = Field(
        0.05, gt=0.0, le=0.5, description="Share of examples that makes a language one of the project's languages."
    )
    off_topic_neighbours: int = Field(
        30, ge=1, description="Neighbours whose mean similarity says how near a prompt is to the project's others."
    )
    off_topic_spread: float = Field(
        5.0, gt=0.0, description="Robust standard deviations below the middle from which a prompt is off topic."
    )
    off_topic_unknown: float = Field(
        0.3,
        gt=0.0,
        le=1.0,
        description="Share of words unknown to a narrow project that makes a prompt off topic.",
    )
    length_spread: float = Field(
        4.0, gt=0.0, description="Robust standard deviations of log length, within a task, from which length is odd."
    )
    readability_spread: float = Field(
        4.0, gt=0.0, description="Robust standard deviations of readability, within a task, from which it is odd."
    )
    boilerplate_share: float = Field(
        0.001,
        ge=0.0,
        le=1.0,
        description="Share of all examples that have an opening or closing sentence from which it is boilerplate.",
    )
    repetition_share: float = Field(
        0.5, gt=0.0, le=1.0, description="Share of an answer made of repeated word runs from which it is repetitive."
    )
    copied_share: float = Field(
        0.9, gt=0.0, le=1.0, description="Share of the answer's words taken over in order from the prompt."
    )
    listed_words: tuple[str, ...] = Field(
        (), description="Words and phrases that must not stand in answers; the list is the project's own."
    )
    outdated_markers: tuple[str, ...] = Field(
        (), description="Names, versions and dates that are no longer true; the list is the project's own."
    )
    weight_complete: float = Field(3.0, ge=0.0, description="Weight of completeness in the overall quality.")
    weight_correct: float = Field(3.0, ge=0.0, description="Weight of correctness in the overall quality.")
    weight_on_topic: float = Field(2.0, ge=0.0, description="Weight of being on topic in the overall quality.")
    weight_format: float = Field(2.0, ge=0.0, description="Weight of format in the overall quality.")
    weight_tone: float = Field(1.0, ge=0.0, description="Weight of tone in the overall quality.")


class ConflictSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of `find_conflicts`."""

    prompt_similarity: float = Field(
        0.93, gt=0.0, le=1.0, description="Cosine of two prompts from which they ask the same question."
    )
    near_limit: int = Field(
        60_000, ge=0, description="Examples above which only equal prompts are compared, not near-equal ones."
    )
    answer_similarity: float = Field(
        0.6, ge=0.0, le=1.0, description="Share of common words below which two answers to one question differ."
    )
    agreeing_share: float = Field(
        0.2,
        ge=0.0,
        le=1.0,
        description="Share of repeated questions that must have one answer; below it, variety is no conflict.",
    )
    minimum_rows: int = Field(40, ge=10, description="Rows that a field needs before its labels are checked.")
    label_values: int = Field(60, ge=2, description="Most distinct values that a field may have to be a label.")
    regression_share: float = Field(
        0.7,
        ge=0.0,
        le=1.0,
        description="Weight of the word model in a label's probability; the rest is the neighbours'.",
    )
    label_margin: float = Field(
        0.15,
        ge=0.0,
        le=1.0,
        description="How much more probable than the given label another one must be for the given one to be doubtful.",
    )
    neighbours: int = Field(10, ge=1, description="Neighbours that vote on a label.")
    folds: int = Field(5, ge=2, description="Folds of the cross-validated label model.")
    seed: int = Field(0, ge=0, description="Seed of the folds.")


class PersonalDataSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of `find_personal_data`."""

    kinds: tuple[str, ...] = Field((), description="Kinds to look for; none named: all of them.")
    house_contact_examples: int = Field(
        20,
        ge=2,
        description="Answers that give one same e-mail address or phone number from which it is the house's own.",
    )
