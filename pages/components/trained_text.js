// One example as the trainer reads it: what the loss is taken on is marked, the rest is context.

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const body = make("div", "text json");
  for (const [text, trained] of component.data.spans) body.append(make(trained ? "mark" : "span", trained ? "" : "faint", text));
  root.replaceChildren(body);
}
