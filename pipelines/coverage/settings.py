"""Settings of the coverage stage."""

from typing import Literal

from pydantic import BaseModel, Field


class CoverageSettings(BaseModel, frozen=True, extra="forbid"):
    """How prompts are clustered, when a difference to production counts as a gap, and how the map is drawn."""

    clusters: int | None = Field(
        None, ge=1, le=10_000, description="Number of clusters; left open, about one for every 60 prompts."
    )
    topics: int | None = Field(
        None, ge=1, le=10_000, description="Number of topics that the clusters lie in; left open, it is found."
    )
    topics_by: Literal["ward", "hdbscan"] = Field(
        "ward",
        description="How topics are made of small cells: joined by Ward's method, or where they lie densely (HDBSCAN).",
    )
    false_discovery_rate: float = Field(
        0.05, gt=0.0, lt=1.0, description="Share of the reported gaps that may be due to chance."
    )
    effect_floor: float = Field(
        2.0,
        ge=1.0,
        le=100.0,
        description="Least ratio of the share in production to that in training of a gap, to that of covered topics.",
    )
    confidence: float = Field(0.95, ge=0.5, lt=1.0, description="Confidence of the interval around that ratio.")
    neighbours: int = Field(
        5,
        ge=1,
        le=100,
        description="A production prompt is covered when a training prompt is nearer than this neighbour.",
    )
    brief_prompts: int = Field(5, ge=1, le=50, description="Production prompts shown for each gap, far apart.")
    map_sample: int = Field(
        3_000, ge=100, le=50_000, description="Prompts whose places on the map are computed; others go beside them."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of clusters and map.")
