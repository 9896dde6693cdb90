// What stands around an example: its parent, duplicates, conflicts, neighbours and history, each behind a summary that
// opens it. Differences are worked out only when somebody looks.

function drawRelatives(view, card) {
  const first = (others) => others[0]?.others ?? others.length;
  const parents = (card.parents ?? []).map((other) => ({ ...other, caption: "before the edit" }));
  const duplicates = (card.duplicates ?? []).map((other) => ({
    ...other,
    caption: `${other.kind}, similarity ${Number(other.similarity).toFixed(2)}${other.is_representative ? ", representative" : ""}`,
  }));
  const conflicts = (card.conflicts ?? []).filter((other) => other.prompt).map((other) => ({ ...other, caption: other.detail ?? other.kind }));
  addPart(view, "parent", "What it was edited from", parents, (box) => drawOthers(view, card, box, parents));
  addPart(view, "duplicates", `${first(duplicates)} like it in its duplicate group`, duplicates, (box) => drawOthers(view, card, box, duplicates));
  addPart(view, "conflicts", `${first(conflicts)} in conflict with it`, conflicts, (box) => drawOthers(view, card, box, conflicts));
  addPart(view, "neighbours", "Similar examples", [card], (box) => fetchPart(view, card, "neighbours", box, drawNeighbours));
  if (!card.blind || view.local.has(card.example_id)) {
    addPart(view, "history", "History", [card], (box) => fetchPart(view, card, "history", box, drawHistory));
  }
  const opened = view.body.querySelector(`[data-part="${view.data.opens}"]`);
  // After the card itself is on screen.
  if (opened) requestAnimationFrame(() => setTimeout(() => (opened.open = opened.isConnected)));
}

function addPart(view, name, title, content, fill) {
  if (!content.length) return;
  const box = make("details", "others");
  box.dataset.part = name;
  box.append(make("summary", "", title));
  box.addEventListener("toggle", () => {
    if (box.open && box.childNodes.length === 1) fill(box);
  });
  view.body.append(box);
}

// Open a part by its key, or close it.
function openPart(view, name) {
  const box = view.body.querySelector(`[data-part="${name}"]`);
  if (!box || view.editing) return;
  box.open = !box.open;
  box.firstChild.focus();
  if (box.open) box.scrollIntoView({ block: "nearest" });
}

function drawOthers(view, card, box, others) {
  const prompt = card.messages.filter((message) => message.role !== "system").slice(0, -1);
  const own = [prompt.length === 1 ? textOf(prompt[0].content) : prompt.map((message) => `${message.role}: ${textOf(message.content)}`).join("\n")];
  own.push(textOf(card.messages[card.messages.length - 1]?.content));
  for (const other of others) {
    const item = make("div", "other");
    item.append(make("div", "faint", other.caption));
    drawDifference(item, own[0], other.prompt ?? "");
    drawDifference(item, own[1], other.completion ?? "");
    box.append(item);
  }
}

// Ask the server for a part of one example, and draw the answer if that example's part is still there.
function fetchPart(view, card, kind, box, drawAnswer) {
  const waiting = make("div", "faint", "Loading …");
  box.append(waiting);
  view.ask(kind, { example_id: card.example_id }, (answer) => {
    waiting.remove();
    if (!box.isConnected) return;
    if (answer.error) box.append(make("div", "warning", answer.error));
    else drawAnswer(view, card, box, answer.rows);
  });
}

function drawNeighbours(view, card, box, rows) {
  if (!rows.length) box.append(make("div", "faint", "None found."));
  const others = rows.map((row) => ({ ...row, caption: `${row.state}, similarity ${row.similarity.toFixed(2)}` }));
  drawOthers(view, card, box, others);
}

function drawHistory(view, card, box, rows) {
  for (const past of rows) {
    const line = make("div", `past${past.undone_by ? " undone" : ""}`);
    const bulk = past.batch_examples > 1 ? ` with ${(past.batch_examples - 1).toLocaleString("en")} others` : "";
    line.append(make("span", "what", `${past.action}${bulk}`), make("span", "faint", [past.who, timeOf(past.when)].filter(Boolean).join(", ")));
    const why = [past.why, past.origin !== "person" && past.origin].filter(Boolean).join(" · ");
    if (why) line.append(make("span", "", why));
    if (past.undone_by) line.append(make("span", "faint", `undone by ${past.undone_by}, ${timeOf(past.undone_at)}`));
    if (past.can_undo) line.append(button("Undo", "", () => changeHistory(view, card, "undo", { batch: past.batch })));
    if (past.earlier_id) line.append(button("Restore this text", "", () => changeHistory(view, card, "restore", { earlier_id: past.earlier_id })));
    box.append(line);
  }
}

function timeOf(when) {
  return when ? `${String(when).slice(0, 16).replace("T", " ")} UTC` : "";
}

// Take any decision back, or let an earlier text stand again; the card is drawn as it is then.
function changeHistory(view, card, kind, more) {
  if (view.log.unsaved.length) return say(view, "Wait a moment: decisions are still being saved.", true);
  view.ask(kind, { example_id: card.example_id, ...more }, (answer) => {
    if (answer.error) return say(view, answer.error, true);
    view.local.delete(card.example_id);
    view.trail = view.trail.filter((one) => one.card !== card);
    const place = view.cards.indexOf(card);
    if (place >= 0 && answer.card) view.cards[place] = answer.card;
    draw(view);
    openPart(view, "history");
    say(view, kind === "undo" ? "Taken back." : "Restored.", true);
  });
}
