"""Settings of answers by an endpoint that speaks the OpenAI chat protocol."""

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator


class EndpointSettings(BaseModel, frozen=True, extra="forbid"):
    """Which endpoint answers, and how it is asked. The key itself is never part of it: only where it is found."""

    url: str = Field(max_length=2000, description="Address up to and including /v1; /chat/completions is put behind.")
    model: str = Field(min_length=1, max_length=200, description="The model's name there.")
    key_env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$", description="Environment variable that holds the key."
    )
    requests_per_minute: float = Field(60.0, gt=0, le=100_000, description="Most requests a minute.")
    attempts: int = Field(6, ge=1, le=20, description="Tries of one request before the job stops (it can be resumed).")
    timeout: float = Field(120.0, gt=0, le=3600, description="Seconds to wait for one answer.")
    price_in: float | None = Field(None, ge=0, description="Price of a million prompt tokens.")
    price_out: float | None = Field(None, ge=0, description="Price of a million answer tokens.")

    @field_validator("url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an endpoint's address begins with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("an endpoint's address holds no key, name, question mark or hash")
        return value.rstrip("/")

    @property
    def variant(self) -> str:
        """What its answers are called: the model's name with an `api-` before it."""
        return "api-" + re.sub(r"[^A-Za-z0-9._-]+", "-", self.model)[:90]
