"""What metrics can be told."""

from pydantic import BaseModel, Field


class MetricSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of metrics; a metric that needs none reads none."""

    json_schema: str | None = Field(
        None, max_length=1_000_000, description="JSON schema that answers must follow, as JSON text."
    )
    numeric_tolerance: float = Field(
        1e-6, ge=0.0, le=1.0, description="Largest relative difference of two numbers that count as equal."
    )
