"""Settings of the embedding stage."""

from pydantic import BaseModel, Field


class EmbeddingSettings(BaseModel, frozen=True, extra="forbid"):
    """Which encoder gives the vectors."""

    encoder: str = Field(
        "default",
        min_length=1,
        description="'default' (the bundled all-MiniLM-L6-v2), 'int8' (the same about twice as fast, needs the extra "
        "[fast]), 'fast' (a thousand times as fast; what it takes for semantic duplicates the default one judges), or "
        "the folder or name of a sentence-transformers model that is on this machine.",
    )
