// How the card looks: its frame, its head, the conversation with its marks, findings, and the line below.

function drawFrame(view) {
  view.head = make("div", "row head");
  view.body = make("div", "body");
  view.body.tabIndex = 0;
  view.body.setAttribute("role", "region");
  view.body.setAttribute("aria-label", "Example");
  view.actions = make("div", "row actions");
  view.actions.setAttribute("role", "group");
  view.actions.setAttribute("aria-label", "Decisions and moves");
  view.saved = make("span", "saved faint");
  view.told = make("span", "told");
  view.spoken = make("div", "unseen");
  view.spoken.setAttribute("role", "status");
  view.spoken.setAttribute("aria-live", "polite");
  view.help = makeHelp(KEYS, "A decision belongs to the example on screen, is kept in this browser until it is stored, and can be undone.");
  const panel = make("div", "panel");
  panel.append(view.head, view.body);
  view.actions.append(
    button("Keep", "keep", () => view.decide("keep"), "K"),
    button("Drop", "drop", () => view.decide("drop"), "D"),
    button("Flag", "flag", () => view.decide("flag"), "F"),
    button("Edit", "edit", () => editCard(view), "E"),
    button("Note", "note", () => writeNote(view), "N"),
    make("span", "grow"),
    button("Undo", "", () => view.undo(), "U"),
    button("Back", "", () => view.move(-1), "B"),
    button("Next", "", () => view.move(1), "J"),
    button("Go to", "", () => askWhere(view), "G"),
    button("Keys", "", () => view.help.showModal(), "?"),
  );
  const foot = make("div", "row foot");
  foot.append(view.saved, make("span", "grow"), view.told);
  view.root.replaceChildren(panel, view.actions, foot, view.spoken, view.help);
}

// Tell people who listen, and with `seen` everybody, what happened.
function say(view, words, seen = false) {
  view.spoken.textContent = words;
  view.told.textContent = seen ? words : "";
}

function placeOf(view) {
  return view.card ? `Example ${view.base + view.at + 1} of ${view.total}.` : "No example left.";
}

function drawSaved(view) {
  const unsaved = view.log.unsaved.length;
  view.saved.textContent = unsaved ? `${unsaved} not saved yet` : "All decisions are saved";
  view.saved.dataset.unsaved = String(unsaved);
  view.saved.classList.toggle("waiting", unsaved > 0);
}

function draw(view) {
  drawSaved(view);
  if (view.editing) return;
  const card = view.card;
  for (const node of view.actions.querySelectorAll(".keep, .drop, .flag, .edit, .note")) node.disabled = !card;
  if (!card) {
    drawEnd(view);
    return;
  }
  view.root.dataset.example = card.example_id;
  drawHead(view, card);
  view.body.replaceChildren();
  drawNotices(view, card);
  drawMessages(view.body, card.messages, spansOf(card));
  drawCut(view, card);
  drawReasons(view.body, card);
  drawRelatives(view, card);
  view.body.scrollTop = 0;
}

// Where something was found: personal data in any message, what a scorer points at in the answer.
function spansOf(card) {
  const spans = {};
  for (const found of card.personal ?? []) {
    (spans[found.message_index] ??= []).push({ ...found, kind: "personal", title: `Personal data: ${found.kind}` });
  }
  const last = card.messages.length - 1;
  for (const score of card.scores ?? []) {
    if (score.start === null || score.start === undefined || card.messages[last]?.role !== "assistant") continue;
    (spans[last] ??= []).push({ start: score.start, end: score.end, title: score.reason });
  }
  return spans;
}

function drawEnd(view) {
  delete view.root.dataset.example;
  view.head.replaceChildren();
  const box = make("div", "end");
  const waiting = view.more || !view.tab;
  const title = waiting ? "Loading …" : view.total ? "That was the last one." : "Nothing in this queue.";
  const what = waiting ? "" : view.total ? "Choose another queue above, or press B to go back." : "Choose another queue above.";
  box.append(make("strong", "", title), make("div", "faint", what));
  if (!waiting) box.append(button("Look again", "", () => view.again()));
  view.body.replaceChildren(box);
}

function drawHead(view, card) {
  const state = view.stateOf(card);
  const place = make("strong", "place", `${(view.base + view.at + 1).toLocaleString("en")} of ${view.total.toLocaleString("en")}`);
  view.head.replaceChildren(place, make("span", `badge ${state}`, state));
  if (typeof card.quality === "number") {
    const meter = make("span", "meter");
    meter.setAttribute("aria-hidden", "true");
    const fill = make("span", "fill");
    fill.style.width = `${Math.round(card.quality * 100)}%`;
    meter.append(fill);
    const figure = make("span", "faint", `quality ${card.quality.toFixed(2)}`);
    figure.title = "0 worst, 1 best";
    view.head.append(meter, figure);
  }
  const origin = [card.source, card.file && `${card.file}${card.line ? `:${card.line}` : ""}`, card.cluster].filter(Boolean);
  view.head.append(make("span", "grow"), make("span", "faint origin", origin.join(" · ")));
}

function drawNotices(view, card) {
  const tell = (words) => view.body.append(make("div", "notice", words));
  if (card.elsewhere) tell("Somebody else has this example in the meantime. What you decide is stored all the same.");
  if (card.blind && !view.local.has(card.example_id)) tell("A second opinion: what others decided is hidden until you have.");
  const votes = (card.votes ?? []).map((vote) => `${vote.reviewer}: ${vote.choice}`);
  if (votes.length > 1) tell(`Votes: ${votes.join(" · ")}`);
}

function drawCut(view, card) {
  for (const [index, length] of Object.entries(card.cut ?? {})) {
    const rest = length - card.messages[index].content.length;
    const label = `Show ${rest.toLocaleString("en")} more characters of message ${Number(index) + 1}`;
    view.body.append(button(label, "", () => loadWhole(view, card)));
  }
}

function drawReasons(parent, card) {
  const box = make("div", "reasons");
  const say = (badge, className, words) => {
    const line = make("div", "row");
    line.append(make("span", `badge ${className}`, badge), make("span", "", words ?? ""));
    box.append(line);
  };
  if (card.suggestion && card.suggestion !== "keep") say(`suggested: ${card.suggestion}`, card.suggestion, card.reason);
  const said = new Set([card.reason]);
  for (const score of card.scores ?? []) {
    if (!score.reason || said.has(score.reason)) continue;
    said.add(score.reason);
    say(score.scorer.replaceAll("_", " "), "", score.reason);
  }
  for (const kind of new Set((card.personal ?? []).map((found) => found.kind))) say("personal data", "personal", kind);
  for (const past of card.history ?? []) {
    if (past.action === "note") say("note", "", `${past.note} (${past.who})`);
  }
  if (box.childNodes.length) parent.append(box);
}
