"""Settings of a test in production."""

from pydantic import BaseModel, Field


class ABSettings(BaseModel, frozen=True, extra="forbid"):
    """How a log is read, and what the two arms are held to. All of it should be fixed before anybody looks."""

    variant: str | None = Field(None, description="The arm that is tried; the one that sorts later when not given.")
    against: str | None = Field(None, description="The arm that it is held against.")
    share: float = Field(0.5, gt=0, lt=1, description="Share of users that were to get the tried arm.")
    lower_is_better: bool = Field(
        False, description="Whether a lower outcome is the better one (minutes, escalations)."
    )
    alpha: float = Field(0.05, gt=0, le=0.5, description="Chance of calling a difference where there is none.")
    users_planned: int = Field(
        2_000, ge=100, le=1_000_000_000, description="Users at which the interval for many looks is to be narrowest."
    )
    variant_column: str = Field("variant", min_length=1, description="Column that holds the arm.")
    outcome_column: str = Field("outcome", min_length=1, description="Column that holds a number, or true and false.")
    time_column: str = Field("time", min_length=1, description="Column that holds the time: ISO 8601, or seconds.")
    user_column: str = Field("user", min_length=1, description="Column that holds who was served.")
