"""Settings of a judge model."""

from pydantic import BaseModel, Field


class JudgeSettings(BaseModel, frozen=True, extra="forbid"):
    """Which pairs a judge is asked about, and what it sees of them."""

    pairs: int | None = Field(
        None, ge=1, le=1_000_000, description="Most pairs, those that people rated first; all when not given."
    )
    reference: bool = Field(False, description="Show the judge the answer that a person wrote.")
    max_tokens: int = Field(1024, ge=16, le=32_768, description="Longest reply in tokens.")
