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


class AnswerSettings(BaseModel, frozen=True, extra="forbid"):
    """How one conversation is answered while somebody waits: greedily, unless a temperature is asked for."""

    max_new_tokens: int = Field(256, ge=1, le=32_768, description="Longest answer in tokens.")
    temperature: float = Field(0.0, ge=0, le=2, description="0: always the most likely token; above: drawn by chance.")
    top_p: float = Field(1.0, gt=0, le=1, description="Tokens are drawn from the likeliest that hold this share.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Of what is drawn by chance.")
    stop: tuple[str, ...] = Field((), max_length=16, description="Texts before which an answer ends.")
