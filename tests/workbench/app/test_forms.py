"""Forms from settings, and the words beside them."""

from pydantic import BaseModel, Field
from streamlit.testing.v1 import AppTest

from workbench.app.forms import changed_values, command_line, other_fields
from workbench.app.gap_brief import brief_of, example_prompts


class Settings(BaseModel, frozen=True):
    rank: int = Field(16, ge=1, le=64, description="Rank.")
    rate: float = Field(0.1, gt=0, lt=1, description="Rate.")
    limit: int | None = Field(None, description="Limit.")


def form_app() -> None:
    """Draw the form of every kind of field."""
    import streamlit as st

    from pipelines.training.settings import TrainSettings
    from workbench.app.forms import draw_fields

    st.json(draw_fields(TrainSettings(), list(TrainSettings.model_fields), "form"))


def test_only_what_was_changed_is_told() -> None:
    settings = Settings()
    assert changed_values(settings, {"rank": 16, "rate": 0.2, "limit": None}) == {"rate": 0.2}
    assert other_fields(settings, ["rank"], ["limit"]) == ["rate"]
    assert command_line("train", "/p", {"rate": 0.2, "rank": 8}) == "workbench train /p --set rank=8 --set rate=0.2"


def test_a_form_starts_from_the_settings_and_holds_their_bounds() -> None:
    app = AppTest.from_function(form_app).run()
    assert not app.exception
    rank = next(field for field in app.number_input if field.label == "Rank")
    assert (rank.value, rank.min, rank.max) == (16, 1, 1024)
    assert next(field for field in app.selectbox if field.label == "Schedule").options == [
        "cosine",
        "linear",
        "constant",
        "stable-decay",
    ]
    assert next(field for field in app.text_input if field.label == "Evaluate every").value == ""


def test_a_gap_is_told_as_a_task() -> None:
    gap = {"title": "gift cards", "collect": 12, "production_share": 0.06, "train_share": 0.001, "examples": '["Hi?"]'}
    assert example_prompts(gap) == ["Hi?"]
    assert brief_of(gap).splitlines()[:4] == [
        "Cluster: gift cards",
        "To collect: 12 examples",
        "Share of production queries: 6.0%",
        "Share of training examples: 0.1%",
    ]
