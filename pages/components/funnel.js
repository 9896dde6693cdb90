// The funnel: how many examples are left after each step, as bars on one scale.

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const steps = component.data.steps;
  const length = (step) => step.parts.reduce((sum, part) => sum + part.share, 0);
  const most = Math.max(...steps.map(length), 1);
  root.replaceChildren();
  steps.forEach((step) => {
    const { title, count, parts, note } = step;
    const row = make("div", "step");
    row.append(make("span", "title", title));
    const track = make("div", "track");
    const bar = make("div", "bar");
    bar.style.width = `${(100 * length(step)) / most}%`;
    for (const { kind, share, title: said } of parts) {
      const part = make("span", `part ${kind}`);
      part.style.flexGrow = String(share);
      part.title = said;
      bar.append(part);
    }
    track.append(bar);
    row.append(track, make("span", "count", count.toLocaleString("en")), make("span", "faint note", note ?? ""));
    root.append(row);
  });
}
