"""The look of the app in light and dark, as flags for Streamlit.

Flags rather than `.streamlit/config.toml`: the file is found only from the folder that the app is started in, and the
app must look and behave the same from any folder.

Contrast, held by a test with the formula of WCAG 2.2: text, links and the faded text of captions (Streamlit draws it
at 60 %) have at least 4.5:1 on both backgrounds; so has the white text of a primary button. In dark colours no primary
can serve both that white text and text of its own on the dark background, so nothing is written in it: `EXTRA_CSS`
gives the chosen option and tab the text's own colour.
"""

LIGHT = {
    "primaryColor": "#0b6e69",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f3f5f6",
    "textColor": "#10171a",
    "linkColor": "#0b6e69",
    "borderColor": "#d9dfe1",
    "codeTextColor": "#1d2528",
    "codeBackgroundColor": "#f3f5f6",
    "dataframeHeaderBackgroundColor": "#f3f5f6",
}

DARK = {
    "primaryColor": "#1f7f78",
    "backgroundColor": "#14191b",
    "secondaryBackgroundColor": "#1d2427",
    "textColor": "#e6ebec",
    "linkColor": "#5cc9c0",
    "borderColor": "#344045",
    "codeTextColor": "#e6ebec",
    "codeBackgroundColor": "#1d2427",
    "dataframeHeaderBackgroundColor": "#1d2427",
}

SHARED = {
    "baseRadius": "8px",
    "baseFontSize": "15",
    "headingFontSizes": '["1.75rem","1.2rem","1.05rem"]',
    "headingFontWeights": "[650,600,600]",
    "metricValueFontSize": "1.6rem",
    "showWidgetBorder": "true",
    "showSidebarBorder": "true",
    "paddingTop": "1rem",
    # Okabe-Ito colours, told apart by colour-blind readers too; grey last.
    "chartCategoricalColors": '["#0072B2","#E69F00","#009E73","#CC79A7","#56B4E9","#D55E00","#B3A700","#8A8F98"]',
}


# What no flag of Streamlit sets: the text of a chosen option or tab (see above), and a focus that is always seen.
EXTRA_CSS = """
[role="radio"][aria-checked="true"], [role="radio"][aria-checked="true"] *, [role="tab"][aria-selected="true"],
[role="tab"][aria-selected="true"] * { color: inherit !important; font-weight: 600; }
button:focus-visible, a:focus-visible, summary:focus-visible, [role="tab"]:focus-visible, [role="radio"]:focus-visible,
[role="button"]:focus-visible { outline: 2px solid currentColor !important; outline-offset: 2px; }
"""


def theme_flags() -> list[str]:
    """Return Streamlit's command-line flags for both themes; the browser's preference chooses between them."""
    flags = [f"--theme.{name}={value}" for name, value in SHARED.items()]
    flags += [f"--theme.light.{name}={value}" for name, value in LIGHT.items()]
    return flags + [f"--theme.dark.{name}={value}" for name, value in DARK.items()]
