// Texts for reading: a conversation with answers side by side, differences to a first text marked where asked for.

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const { messages, texts, against } = component.data;
  root.replaceChildren();
  if (messages.length) {
    const prompt = make("div", "prompt");
    drawMessages(prompt, messages);
    root.append(prompt);
  }
  const sides = make("div", "sides");
  sides.style.setProperty("--sides", String(Math.min(Math.max(texts.length, 1), 3)));
  for (const { title, text, badge, note } of texts) {
    const side = make("div", "panel side");
    side.setAttribute("role", "group");
    side.setAttribute("aria-label", title);
    const head = make("div", "row");
    head.append(make("span", "role", title));
    if (badge) head.append(make("span", `badge ${badge}`, badge));
    side.append(head);
    if (against === null || text === against) drawText(side, text);
    else drawDifference(side, against, text);
    if (note) side.append(make("div", "faint note", note));
    sides.append(side);
  }
  root.append(sides);
}
