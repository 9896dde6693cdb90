// The blind rubric card: one answer at a time, a score from 1 to 5 on each criterion. The answers and their order were
// drawn and stored before they came here; nothing here knows whose answer it is. An answer's scores go to the server
// together, when the last one is given. Bound once, as Streamlit calls this on each update.

const ANSWERS_AHEAD = 6;

// The keys, in the order of the help.
const KEYS = [
  { keys: ["1", "2", "3", "4", "5"], shown: "1 2 3 4 5", does: "score the criterion, go to the next", act: (card, key) => card.score(card.current, Number(key)) },
  { keys: ["b", "ArrowUp", "Backspace"], shown: "B ↑", does: "back a criterion", act: (card) => card.look(card.current - 1) },
  { keys: ["ArrowDown"], shown: "↓", does: "on a criterion", act: (card) => card.look(card.current + 1) },
  { keys: ["u"], shown: "U", does: "undo: take the last answer's scores back", act: (card) => card.undo() },
  { keys: ["s"], shown: "S", does: "skip this answer", act: (card) => card.leave("skip") },
  { keys: ["n"], shown: "N", does: "write a note", act: (card) => card.writeNote() },
  { keys: ["r"], shown: "R", does: "reference answer", act: (card) => card.toggleReference() },
  { keys: ["?"], shown: "?", does: "these keys", act: (card) => card.help.showModal() },
];

export default function (component) {
  const root = component.parentElement;
  const card = (root.rubricCard ??= new RubricCard(root));
  card.update(component);
  return whenGone(root, () => card.close());
}

class RubricCard {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.queue = null;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.drawFrame();
  }

  update({ data, setTriggerValue }) {
    this.send = () => setTriggerValue("send", { events: this.log.next, done: this.done, queue: this.queue });
    const fresh = data.queue !== this.queue;
    if (fresh) this.begin(data);
    const caughtUp = this.caughtUp(data);
    this.log.transmit = () => this.send();
    this.log.acknowledge(data.acknowledged);
    const shown = this.answer?.answer_id;
    const known = new Set(this.answers.map((answer) => answer.answer_id));
    this.answers.push(...data.answers.filter((answer) => !known.has(answer.answer_id)));
    this.total = data.total;
    if (fresh || caughtUp || shown !== this.answer?.answer_id) this.draw();
    else this.drawSaved();
    this.log.flush(true);
  }

  // Begin where the server is, once it has stored what another card had left.
  caughtUp(data) {
    this.log.acknowledge(data.acknowledged);
    if (!this.log.caughtUp) return false;
    Object.assign(this, { answers: data.last ? [data.last] : [], at: data.last ? 1 : 0, asked: -1 });
    return true;
  }

  // Another rater, evaluation or wording of the criteria: what is unsaved stays in the browser for the one it is of.
  begin(data) {
    this.log?.close();
    Object.assign(this, { queue: data.queue, criteria: data.criteria, answers: [], at: 0, asked: -1, done: 0 });
    this.log = new EventLog(`rubric:${data.queue}`, () => this.drawSaved());
    if (data.last) Object.assign(this, { answers: [data.last], at: 1 });
    this.clear();
    letGoOfFocus();
  }

  clear() {
    Object.assign(this, { scores: {}, current: 0 });
    this.note.value = "";
    this.noteBox.open = false;
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.log?.close();
  }

  get answer() {
    return this.answers?.[this.at];
  }

  key(event) {
    if (closesHelp(this.help, event)) return;
    if (isTyping(event) || event.repeat || this.help.open || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const known = KEYS.find((one) => one.keys.includes(key));
    if (!known) return;
    known.act(this, key);
    event.preventDefault();
  }

  // Give a criterion its score and go on to the next one that has none; after the last the answer is done.
  score(place, value) {
    const criterion = this.criteria[place];
    if (!this.answer || !criterion) return;
    this.scores[criterion.name] = value;
    const missing = (one) => !(one.name in this.scores);
    const after = this.criteria.findIndex((one, index) => index > place && missing(one));
    const next = after >= 0 ? after : this.criteria.findIndex(missing);
    if (next < 0) return this.leave("score", { scores: this.scores, note: this.note.value.trim() });
    this.current = next;
    this.drawScores();
    this.say(`${criterion.name}: ${value}. Next: ${this.criteria[next].name}.`);
  }

  look(place) {
    if (!this.answer || !this.criteria[place]) return;
    this.current = place;
    this.drawScores();
    this.say(this.criteria[place].name);
  }

  leave(action, more = {}) {
    if (!this.answer) return;
    this.log.add({ answer_id: this.answer.answer_id, action, ...more });
    this.at += 1;
    this.done += 1;
    this.clear();
    this.draw();
    this.say(`${action === "skip" ? "Skipped" : "Rated"}. ${this.placeOf()}`);
    if (this.answers.length - this.at < ANSWERS_AHEAD && this.asked !== this.answers.length) {
      this.asked = this.answers.length;
      this.send();
    }
  }

  // Go back to the last answer and take back what was said of it.
  undo() {
    if (this.at === 0) return this.say("There is nothing to take back.", true);
    this.at -= 1;
    this.log.add({ answer_id: this.answer.answer_id, action: "undo" });
    this.clear();
    this.draw();
    this.say(`Taken back. ${this.placeOf()}`, true);
  }

  writeNote() {
    if (!this.answer) return;
    this.noteBox.open = true;
    this.note.focus();
  }

  toggleReference() {
    if (this.reference) this.reference.open = !this.reference.open;
  }

  placeOf() {
    return this.answer ? `Answer ${this.answer.number.toLocaleString("en")} of ${this.total.toLocaleString("en")}` : "No answer left";
  }

  // Tell people who listen, and with `seen` everybody, what happened.
  say(words, seen = false) {
    this.spoken.textContent = words;
    this.told.textContent = seen ? words : "";
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.halves = make("div", "halves");
    this.left = make("div", "left");
    this.right = make("div", "right");
    this.form = make("div", "form");
    this.noteBox = make("details", "note");
    const title = make("summary", "faint", "Note ");
    title.append(make("kbd", "", "N"));
    this.note = make("textarea");
    this.note.setAttribute("aria-label", "Note on this answer");
    this.note.placeholder = "Goes with the scores. Escape leads back to them.";
    this.note.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      event.stopPropagation();
      this.note.blur();
    });
    this.noteBox.append(title, this.note);
    this.right.append(this.form, this.noteBox);
    this.halves.append(this.left, this.right);
    this.actions = make("div", "row actions");
    this.actions.append(
      button("Back a criterion", "answering", () => this.look(this.current - 1), "B"),
      button("Skip", "answering", () => this.leave("skip"), "S"),
      make("span", "grow"),
      button("Undo", "", () => this.undo(), "U"),
      button("Keys", "", () => this.help.showModal(), "?"),
    );
    this.saved = make("span", "saved faint");
    this.told = make("span", "told");
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("role", "status");
    this.help = makeHelp(KEYS, "The scores of an answer are sent with the last one, are kept in this browser until they are stored, and can be taken back.");
    const foot = make("div", "row foot");
    foot.append(this.saved, make("span", "grow"), this.told);
    this.root.replaceChildren(this.head, this.halves, this.actions, foot, this.spoken, this.help);
  }

  drawSaved() {
    const unsaved = this.log.unsaved.length;
    this.saved.textContent = unsaved ? `${unsaved} not saved yet` : "All ratings are saved";
    this.saved.dataset.unsaved = String(unsaved);
    this.saved.classList.toggle("waiting", unsaved > 0);
  }

  drawScores() {
    drawCriteria(this.form, this.criteria, this.scores, this.current, (place, value) => this.score(place, value), (place) => this.look(place));
  }

  draw() {
    this.drawSaved();
    const answer = this.answer;
    for (const node of this.actions.querySelectorAll(".answering")) node.disabled = !answer;
    this.left.replaceChildren();
    this.reference = null;
    this.right.hidden = !answer;
    this.head.replaceChildren(make("strong", "place", answer ? this.placeOf() : ""));
    if (!answer) {
      delete this.root.dataset.answer;
      const box = make("div", "end panel");
      box.append(make("strong", "", "All drawn answers are rated."), make("div", "faint", "Draw more below, or read the results on the page Compare."));
      this.left.append(box);
      return;
    }
    this.root.dataset.answer = answer.answer_id;
    const prompt = scrollable("prompt", "Conversation");
    drawMessages(prompt, answer.prompt);
    const text = scrollable("panel answer", "Answer");
    text.append(make("div", "role", "Answer"));
    drawText(text, answer.text);
    this.left.append(prompt, text);
    if (answer.reference) {
      this.reference = make("details", "reference");
      const title = make("summary", "faint", "Reference answer ");
      title.append(make("kbd", "", "R"));
      this.reference.append(title);
      drawText(this.reference, answer.reference);
      this.left.append(this.reference);
    }
    this.drawScores();
  }
}

// A box that a long text scrolls in; the keyboard must be able to get into it for that.
function scrollable(className, label) {
  const box = make("section", className);
  box.tabIndex = 0;
  box.setAttribute("aria-label", label);
  return box;
}
