"""What axe-core finds on a page, less what lies in Streamlit's own menu and upload field.

axe-core comes with the package axe-playwright-python: nothing is fetched. What it judges: names of what can be pressed,
labels of fields, contrast, order of headings, roles. What no program judges: whether the names make sense.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Streamlit 1.67 draws these itself: its menu's list holds a rule between its entries, and the upload field is a section
# without a role that can be focused. By rule, what the element must be or lie in.
THEIRS = {
    "list": "[data-testid=stSidebarNavItems]",
    "listitem": "[data-testid=stSidebarNavItems]",
    "presentation-role-conflict": "[data-testid=stFileUploaderDropzone]",
}
LIES_IN = "([target, place]) => document.querySelector(target)?.closest(place) != null"


def violations(page: Page) -> list[str]:
    """Return what is wrong on a page that has been drawn: rule, weight, place and why, one line each."""
    page.wait_for_timeout(4 * SETTLED)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    lines = []
    for rule in found:
        for node in rule["nodes"]:
            if not is_theirs(page, rule["id"], node):
                why = " ".join(str(node.get("failureSummary", "")).split())
                lines.append(f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {why[:200]}")
    return lines


def is_theirs(page: Page, rule: str, node: dict[str, Any]) -> bool:
    """Return whether what was found is one of Streamlit's own; nothing within a component is."""
    target = node["target"][0]
    return rule in THEIRS and isinstance(target, str) and page.evaluate(LIES_IN, [target, THEIRS[rule]])


# Milliseconds that a colour takes to change.
SETTLED = 150

# The element that has the focus, looked for in components' shadow trees too, and whether it or what is close around it
# shows that: an outline, a shadow, or an edge of another colour than its neighbours'.
FOCUS = """() => {
  let element = document.activeElement;
  while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
  if (!element || element === document.body) return null;
  const label = element.getAttribute("aria-label") || element.textContent || "";
  const name = `${element.tagName} ${label}`.trim().slice(0, 60);
  // The page itself takes the focus to be scrolled; a table draws the ring around its cell inside its canvas.
  let shown = element.tagName === "MAIN" || element.closest("[data-testid=data-grid-canvas]") !== null;
  for (let around = element, steps = 0; around && steps < 4; around = around.parentElement, steps++) {
    const style = getComputedStyle(around);
    const edges = new Set(["Top", "Right", "Bottom", "Left"].map((side) => style[`border${side}Color`]));
    const edge = parseFloat(style.borderTopWidth) > 0 && edges.size === 1 && around.matches(":focus-within");
    if ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none" || edge)
      shown = true;
  }
  return [name, shown];
}"""


def unseen_focus(page: Page, presses: int) -> tuple[list[str], int]:
    """Go through a page by the Tab key; return what took the focus without showing it, and how much took it."""
    page.wait_for_timeout(4 * SETTLED)
    unseen, places = [], 0
    for _ in range(presses):
        page.keyboard.press("Tab")
        page.wait_for_timeout(SETTLED)
        found = page.evaluate(FOCUS)
        if found is None:
            continue
        places += 1
        if not found[1]:
            unseen.append(found[0])
    return unseen, places
