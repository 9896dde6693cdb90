"""Settings of generation."""

from pydantic import BaseModel, Field


class GenerationSettings(BaseModel, frozen=True, extra="forbid"):
    """How answers are generated: always greedily, so that the same prompt gives the same text."""

    max_new_tokens: int = Field(256, ge=1, le=32_768, description="Longest answer in tokens.")
    batch_size: int = Field(64, ge=1, le=1024, description="Prompts answered at once.")
    memory_tokens: int = Field(
        32_768, ge=64, le=100_000_000, description="Most tokens held at once: prompts and answers of a batch."
    )
    threads: int = Field(1, ge=1, le=256, description="CPU threads.")
