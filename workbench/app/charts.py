"""The charts of the pages, as Vega-Lite, which Streamlit draws itself without asking anybody."""

from itertools import cycle
from typing import Any

import polars as pl
import streamlit as st

SUGGESTION_COLOURS = {"keep": "#009E73", "review": "#E69F00", "drop": "#D55E00"}
# First and last label centred under their ticks, so that none runs into its neighbour.
AXIS = {"format": ".1%", "labelFlush": False, "tickCount": 5}
# Few lines: on a logarithmic scale there would be one at every step of every power of ten.
AXIS_OF_LOSS = {"tickCount": 4, "format": ".3~g"}
VARIANT_COLOURS = ["#8A8F98", "#56B4E9", "#E69F00", "#0B8F86", "#CC79A7", "#0072B2", "#D55E00", "#B3A700"]
# More variants than these share colours; a point's name shows under the pointer and stands in the table.


def quality_histogram(bins: pl.DataFrame) -> None:
    """Draw how many examples there are at each quality, stacked by what is suggested for them.

    Args:
        bins: low, high, examples, suggestion.
    """
    spec = {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {
                "field": "low",
                "type": "quantitative",
                "bin": {"binned": True},
                "title": "Quality, 0 to 1",
                "scale": {"domain": [0, 1]},
            },
            "x2": {"field": "high"},
            "y": {"field": "examples", "type": "quantitative", "title": "Examples", "stack": "zero"},
            "color": {
                "field": "suggestion",
                "type": "nominal",
                "title": "Suggested",
                "scale": {"domain": list(SUGGESTION_COLOURS), "range": list(SUGGESTION_COLOURS.values())},
                "legend": {"orient": "top"},
            },
        },
    }
    st.vega_lite_chart(bins, spec, height=260, alt="Histogram of quality by suggestion")


def reliability(bands: list[dict[str, Any]]) -> None:
    """Draw what share of examples was kept among those for which it was forecast, against the line of no error.

    Args:
        bands: objects with low, high, examples, predicted, observed, observed_low, observed_high.
    """
    unit = {"domain": [0, 1]}
    axis = {"format": ".0%", "labelFlush": False, "tickCount": 5}
    x = {"field": "predicted", "type": "quantitative", "scale": unit, "axis": axis, "title": "Forecast to be kept"}
    y = {"field": "observed", "type": "quantitative", "scale": unit, "axis": axis, "title": "Kept"}
    tooltip = [{"field": name, "format": ".2f"} for name in ("predicted", "observed", "observed_low", "observed_high")]
    spec = {
        "layer": [
            {
                "data": {"values": [{"at": 0}, {"at": 1}]},
                "mark": {"type": "line", "strokeDash": [4, 4], "color": "#8A8F98"},
                "encoding": {
                    "x": {"field": "at", "type": "quantitative", "scale": unit},
                    "y": {"field": "at", "type": "quantitative", "scale": unit},
                },
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": "#0B8F86"},
                "encoding": {"x": x, "y": {**y, "field": "observed_low"}, "y2": {"field": "observed_high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": "#0B8F86"},
                "encoding": {"x": x, "y": y, "tooltip": [{"field": "examples"}, *tooltip]},
            },
        ],
    }
    st.vega_lite_chart(pl.DataFrame(bands), spec, height=280, alt="Reliability of the forecast, band by band")


def loss_curve(metrics: pl.DataFrame) -> None:
    """Draw training and validation loss over steps.

    Args:
        metrics: step, loss, validation_loss.
    """
    long = (
        metrics.select("step", pl.col("loss").alias("training"), pl.col("validation_loss").alias("validation"))
        .unpivot(index="step", variable_name="part", value_name="loss")
        .drop_nulls("loss")
    )
    colour: dict[str, Any] = {"field": "part", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    colour["scale"] = {"domain": ["training", "validation"], "range": ["#8A8F98", "#0B8F86"]}
    # The first loss is often a hundred times the last: on an even scale all that matters would lie on the ground line.
    scale = "log" if not long.is_empty() and long.select(pl.col("loss").min()).item() > 0 else "linear"
    title = "Loss, logarithmic" if scale == "log" else "Loss"
    encoding: dict[str, Any] = {
        "x": {"field": "step", "type": "quantitative", "title": "Step", "axis": {"labelFlush": False, "tickCount": 6}},
        "y": {
            "field": "loss",
            "type": "quantitative",
            "title": title,
            "scale": {"zero": False, "type": scale},
            "axis": AXIS_OF_LOSS,
        },
        "color": colour,
        "tooltip": [{"field": "step"}, {"field": "part"}, {"field": "loss", "format": ".4f"}],
    }
    spec = {
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}},
            {
                "mark": {"type": "point", "filled": True, "size": 45},
                "transform": [{"filter": "datum.part == 'validation'"}],
            },
        ],
    }
    st.vega_lite_chart(long, spec, height=300, alt="Training and validation loss by step")


CURVES = {
    "kl_task": "Distance from the base model (KL)",
    "preference_accuracy": "Validation pairs whose chosen answer is preferred",
    "reward_margin": "Reward margin on validation pairs",
}


def curves(metrics: pl.DataFrame, names: tuple[str, ...]) -> None:
    """Draw some columns over steps, each on a scale of its own beneath the other.

    Args:
        metrics: step and the columns.
        names: the columns.
    """
    for name in names:
        shown = metrics.select("step", pl.col(name).alias("value")).drop_nulls()
        title = CURVES.get(name) or name.replace("_", " ").capitalize()
        spec = {
            "title": {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "normal"},
            "mark": {"type": "line", "strokeWidth": 2, "color": "#0B8F86"},
            "encoding": {
                "x": {"field": "step", "type": "quantitative", "title": "Step"},
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "title": None,
                    "axis": {"tickCount": 3, "minExtent": 44},
                },
                "tooltip": [{"field": "step"}, {"field": "value", "format": ".4~g"}],
            },
        }
        if not shown.is_empty():
            st.vega_lite_chart(shown, spec, height=150, alt=f"{title} by step")


def criteria_intervals(levels: pl.DataFrame) -> None:
    """Draw the mean score of each variant on each criterion as a point with its interval, in the criteria's order.

    Args:
        levels: criterion, variant, mean, low, high, n.
    """
    shown = levels.rename({"criterion": "metric", "mean": "value"})
    variants = shown["variant"].unique().sort().to_list()
    metric_intervals(shown, variants, title="Mean score, with its interval", bounds=(1, 5), keep_order=True)


def metric_intervals(
    metrics: pl.DataFrame,
    variants: list[str],
    *,
    title: str = "Score, with its interval",
    bounds: tuple[float, float] | None = None,
    keep_order: bool = False,
) -> None:
    """Draw each metric of each variant as a point with its interval.

    Args:
        metrics: metric, variant, value, low, high, n.
        variants: the order of the legend.
        title: of the axis.
        bounds: of the axis; that of the figures and 0 where there are none.
        keep_order: whether metrics stand in the order of their rows instead of the alphabet's.
    """
    colour = {
        "field": "variant",
        "type": "nominal",
        "title": None,
        "sort": variants,
        "scale": {
            "domain": variants,
            "range": [colour for _, colour in zip(variants, cycle(VARIANT_COLOURS), strict=False)],
        },
        "legend": {"orient": "top", "columns": 3, "labelLimit": 200},
    }
    order: dict[str, Any] = {"sort": None} if keep_order else {}
    scale: dict[str, Any] = {"scale": {"domain": list(bounds)}, "axis": {"tickCount": 5}} if bounds else {}
    shared: dict[str, Any] = {
        "y": {
            "field": "metric",
            "type": "nominal",
            "title": None,
            "axis": {"labelLimit": 220, "labelOverlap": False},
            **order,
        },
        "yOffset": {"field": "variant", "type": "nominal", "sort": variants},
        "color": colour,
    }
    tooltip = [{"field": name} for name in ("metric", "variant", "n")]
    tooltip += [{"field": name, "format": ".3f"} for name in ("value", "low", "high")]
    spec = {
        "encoding": {**shared, "tooltip": tooltip},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "title": title, **scale},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": {"field": "value", "type": "quantitative"}},
            },
        ],
    }
    # Legend and axis take about 120 of it.
    height = 120 + metrics["metric"].n_unique() * max(16 * len(variants), 34)
    st.vega_lite_chart(metrics, spec, height=height, alt=f"{title}: each variant")


def share_bars(gaps: pl.DataFrame) -> None:
    """Draw the shares of production and training of each gap beside each other.

    Args:
        gaps: title, train_share, production_share.
    """
    long = gaps.select(
        "title", pl.col("production_share").alias("production"), pl.col("train_share").alias("training")
    ).unpivot(index="title", variable_name="data", value_name="share")
    spec = {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": "title", "type": "nominal", "sort": "-x", "title": None, "axis": {"labelLimit": 260}},
            "yOffset": {"field": "data"},
            "x": {"field": "share", "type": "quantitative", "axis": AXIS, "title": "Share of prompts"},
            "color": {
                "field": "data",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["production", "training"], "range": ["#E69F00", "#0072B2"]},
                "legend": {"orient": "top"},
            },
        },
    }
    st.vega_lite_chart(long, spec, height=70 + 34 * gaps.height, alt="Shares of production and training by gap")
