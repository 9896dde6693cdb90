"""The look of the app in light and dark, as flags for Streamlit.

Flags rather than `.streamlit/config.toml`: the file is found only from the folder that the app is started in, and the
app must look and behave the same from any folder.

Contrast: text on background is at least 7:1 in both themes, the primary colour on its background at least 4:1.
"""

LIGHT = {
    "primaryColor": "#0b6e69",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f3f5f6",
    "textColor": "#1d2528",
    "linkColor": "#0b6e69",
    "borderColor": "#d9dfe1",
    "codeTextColor": "#1d2528",
    "codeBackgroundColor": "#f3f5f6",
    "dataframeHeaderBackgroundColor": "#f3f5f6",
}

DARK = {
    "primaryColor": "#258a82",
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
    "headingFontSizes": '["1.75rem","1.3rem","1.1rem"]',
    "headingFontWeights": "[650,600,600]",
    "metricValueFontSize": "1.6rem",
    "showWidgetBorder": "true",
    "showSidebarBorder": "true",
    "paddingTop": "1rem",
    # Okabe-Ito colours, told apart by colour-blind readers too; grey last.
    "chartCategoricalColors": '["#0072B2","#E69F00","#009E73","#CC79A7","#56B4E9","#D55E00","#B3A700","#8A8F98"]',
}


def theme_flags() -> list[str]:
    """Return Streamlit's command-line flags for both themes; the browser's preference chooses between them."""
    flags = [f"--theme.{name}={value}" for name, value in SHARED.items()]
    flags += [f"--theme.light.{name}={value}" for name, value in LIGHT.items()]
    return flags + [f"--theme.dark.{name}={value}" for name, value in DARK.items()]
