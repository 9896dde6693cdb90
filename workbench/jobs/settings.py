"""What a detached job is told: `settings.json` in its run folder.

For training `kind` is "train" and `train` holds `TrainSettings`; for answering `kind` is "generate", `variants` a list
such as `{"name": "tuned", "base": "default", "adapter": "RUN/adapter", "few_shot": 0}`, `generation` holds
`GenerationSettings` and `seed` decides between equally alike few-shot examples.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from pipelines.errors import CurationError
from pipelines.generation.endpoint_settings import EndpointSettings
from pipelines.generation.settings import GenerationSettings
from pipelines.training.settings import TrainSettings


class Variant(BaseModel, frozen=True, extra="forbid"):
    """Who answers: a base model, as it is, with examples in its prompt, or with an adapter."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Name, also of its output file.")
    base: str = Field("default", min_length=1, description="Base model: `default`, a hub name or a folder.")
    adapter: str | None = Field(None, description="Folder of a trained adapter, from the job's own folder.")
    few_shot: int = Field(0, ge=0, le=32, description="Training examples shown in each prompt.")
    nearest: bool = Field(False, description="Whether those are the nearest ones by embeddings (data/nearest.jsonl).")
    system: str | None = Field(None, max_length=100_000, description="System prompt in the place of the example's own.")
    endpoint: EndpointSettings | None = Field(None, description="The endpoint that answers, instead of a model here.")


class TrainJob(BaseModel, frozen=True, extra="forbid"):
    """Train an adapter on the folder's data."""

    kind: Literal["train"] = "train"
    train: TrainSettings
    after: tuple[str, ...] = Field((), description="Runs beside this one that must be over before it begins.")
    log: str | None = Field(None, max_length=4000, description="Where figures are logged as well: `KIND:FOLDER`.")
    force: bool = Field(False, description="Train in spite of findings that a person may accept.")


class GenerateJob(BaseModel, frozen=True, extra="forbid"):
    """Let several variants answer the same prompts."""

    kind: Literal["generate"] = "generate"
    variants: tuple[Variant, ...] = Field(min_length=1)
    generation: GenerationSettings = GenerationSettings()
    seed: int = Field(0, ge=0, description="Decides between equally alike few-shot examples.")


Job = TrainJob | GenerateJob
_JOBS: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="kind")])


def write_job(folder: Path, job: Job) -> None:
    """Write a job's settings into its run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "settings.json.new"
    fresh.write_text(json.dumps(job.model_dump(mode="json"), indent=2) + "\n", "utf-8")
    os.replace(fresh, folder / "settings.json")


def read_job(folder: Path) -> Job:
    """Read a job's settings.

    Raises:
        CurationError: there are none, or they were edited into something else.
    """
    path = folder / "settings.json"
    remedy = "Start a new run; a run's settings.json is not edited by hand."
    try:
        return _JOBS.validate_json(path.read_bytes())
    except OSError as error:
        raise CurationError(f"The run folder '{folder.name}' has no settings.json that can be read.", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CurationError(f"settings.json of '{folder.name}': {where}: {first['msg']}.", remedy) from error
