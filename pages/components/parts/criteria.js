// Criteria with their five values: the one whose turn it is with its anchors written out, the others on one line.

function drawCriteria(parent, criteria, scores, current, choose, look) {
  const root = parent.getRootNode();
  const hadFocus = parent.contains(root.activeElement);
  parent.replaceChildren();
  criteria.forEach((criterion, place) => {
    const box = make("div", `criterion ${place === current ? "current" : ""}`);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", criterion.name);
    if (place === current) box.setAttribute("aria-current", "step");
    const score = scores[criterion.name];
    const name = make("div", "row");
    const values = drawValues(criterion, place, score, place === current, choose);
    name.append(make("span", "name", criterion.name));
    box.append(name);
    if (place === current) box.append(values);
    else {
      name.append(make("span", "grow"), values);
      if (score) box.append(make("div", "faint anchor", criterion.anchors[score - 1]));
      box.addEventListener("click", (event) => event.target.closest("button") || look(place));
    }
    parent.append(box);
  });
  if (hadFocus) parent.querySelector(".current button")?.focus();
}

function drawValues(criterion, place, score, open, choose) {
  const values = make("div", "values");
  criterion.anchors.forEach((anchor, index) => {
    const value = index + 1;
    const node = make("button", score === value ? "chosen" : "");
    node.type = "button";
    node.append(make("kbd", "", value));
    if (open) node.append(make("span", "", anchor));
    else node.title = anchor;
    node.setAttribute("aria-label", `${criterion.name}, ${value}: ${anchor}`);
    node.setAttribute("aria-pressed", String(score === value));
    node.addEventListener("click", () => choose(place, value));
    values.append(node);
  });
  return values;
}
