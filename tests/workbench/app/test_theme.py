"""Contrast of the theme's colours, by the formula of WCAG 2.2."""

import pytest

from workbench.app.theme import DARK, LIGHT

LEAST = 4.5
# The share at which Streamlit draws captions and other faded text over its background.
FADED = 0.6
# The share that pages/components/parts/base.css gives its faint text.
FAINT = 0.68


def channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def luminance(colour: str) -> float:
    """Return the relative luminance. Source: WCAG 2.2, "relative luminance"."""
    shares = [value / 255 for value in channels(colour)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    pairs = zip(channels(colour), channels(ground), strict=True)
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs)


def test_the_formula_gives_the_values_that_are_known() -> None:
    # The largest there is, the smallest there is, and the grey that is known as the darkest to pass on white.
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#336699", "#336699") == pytest.approx(1.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_can_be_read_on_both_grounds(theme: dict[str, str], ground: str) -> None:
    behind = theme[ground]
    assert contrast(theme["textColor"], behind) >= 7
    assert contrast(theme["linkColor"], behind) >= LEAST
    for share in (FADED, FAINT):
        assert contrast(mixed(theme["textColor"], behind, share), behind) >= LEAST


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_primary_button_is_seen_and_its_white_text_can_be_read(theme: dict[str, str]) -> None:
    assert contrast("#ffffff", theme["primaryColor"]) >= LEAST
    # 3:1 is what WCAG asks of what is no text: the edges of controls.
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3
    assert contrast(theme["primaryColor"], theme["secondaryBackgroundColor"]) >= 3
