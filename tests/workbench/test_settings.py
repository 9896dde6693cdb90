"""Settings that people type."""

import click
import pytest
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from workbench.cli.answer import settings_given
from workbench.settings import checked_settings
from workbench.stages import STAGES, stage_settings


class Example(BaseModel, frozen=True, extra="forbid"):
    share: float = Field(0.5, ge=0.0, le=1.0, description="How much of it.")
    flag: bool = Field(True, description="Whether.")
    words: tuple[str, ...] = Field((), description="Which.")


def test_texts_are_read_as_what_the_field_wants() -> None:
    assert checked_settings(Example, {"share": "0.25", "flag": "false"}, "test") == Example(share=0.25, flag=False)


def test_a_list_is_typed_with_commas_or_read_from_a_file(tmp_path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("# ours\none word\n\n  two, three \n", encoding="utf-8")
    given = settings_given([f"words=@{file}"])
    assert checked_settings(Example, given, "test").words == ("one word", "two, three")
    assert checked_settings(Example, {"words": "one word, two"}, "test").words == ("one word", "two")
    file.write_text("")
    assert checked_settings(Example, settings_given([f"words=@{file}"]), "test").words == ()
    with pytest.raises(click.BadParameter, match="cannot be read"):
        settings_given([f"words=@{tmp_path / 'none.txt'}"])


@pytest.mark.parametrize(
    ("values", "message", "remedy"),
    [
        ({"share": 2}, "'share' cannot be 2", "How much of it. (default 0.5)"),
        ({"share": "much"}, "'share' cannot be 'much'", "How much of it."),
        ({"shares": 1}, "no 'shares'", "share, flag, words"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_it_takes(
    values: dict[str, object], message: str, remedy: str
) -> None:
    with pytest.raises(CurationError) as caught:
        checked_settings(Example, values, "test")
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def test_stage_settings_go_to_their_stage() -> None:
    models = stage_settings({"duplicates.near_threshold": "0.7"})
    assert tuple(models) == STAGES
    assert models["duplicates"].model_dump()["near_threshold"] == 0.7


@pytest.mark.parametrize(
    "name", ["near_threshold", "nowhere.near_threshold", "duplicates", "duplicates.", "duplicates.x"]
)
def test_a_setting_of_no_stage_is_refused(name: str) -> None:
    with pytest.raises(CurationError) as caught:
        stage_settings({name: 1})
    assert caught.value.remedy


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_of_every_stage_is_described_frozen_and_closed(stage: str) -> None:
    model = type(stage_settings({})[stage])
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"
    assert all(field.description for field in model.model_fields.values())
