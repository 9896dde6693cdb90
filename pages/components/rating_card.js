// The blind rating card: two answers side by side, four choices, keys. The pairs and their sides were drawn and stored
// before they came here; nothing here knows whose answer is whose. Bound once, as Streamlit calls this on each update.

const PAIRS_AHEAD = 6;

// The keys, in the order of the help.
const KEYS = [
  { keys: ["1", "ArrowLeft"], shown: "1 ←", does: "the left answer is better", act: (card) => card.choose("left") },
  { keys: ["2", "ArrowRight"], shown: "2 →", does: "the right answer is better", act: (card) => card.choose("right") },
  { keys: ["3", "t"], shown: "3 T", does: "equally good", act: (card) => card.choose("tie") },
  { keys: ["4", "b"], shown: "4 B", does: "both bad", act: (card) => card.choose("both_bad") },
  { keys: ["u"], shown: "U", does: "undo: take the last choice back", act: (card) => card.undo() },
  { keys: ["s"], shown: "S", does: "skip this pair", act: (card) => card.choose("skip") },
  { keys: ["n"], shown: "N", does: "write a note", act: (card) => card.writeNote() },
  { keys: ["r"], shown: "R", does: "reference answer", act: (card) => card.toggleReference() },
  { keys: ["?"], shown: "?", does: "these keys", act: (card) => card.help.showModal() },
];

export default function (component) {
  const root = component.parentElement;
  const card = (root.ratingCard ??= new RatingCard(root));
  card.update(component);
  return whenGone(root, () => card.close());
}

class RatingCard {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.pairs = [];
    this.at = 0;
    this.queue = null;
    this.done = 0;
    this.asked = -1;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  update({ data, setTriggerValue }) {
    this.send = (events) => setTriggerValue("send", { events, done: this.done, queue: this.queue });
    if (data.queue !== this.queue) {
      // Another rater or evaluation: what is unsaved stays in the browser for the one it is of.
      this.log?.close();
      this.log = new EventLog(`rate:${data.queue}`, () => this.drawSaved());
      if (this.queue === null) this.drawFrame();
      letGoOfFocus();
    }
    this.log.transmit = () => this.send(this.log.next);
    this.log.acknowledge(data.acknowledged);
    const shown = this.pair?.comparison_id;
    if (data.queue !== this.queue || this.log.caughtUp) {
      // The last pair comes with the next ones, so that a choice can be taken back after a reload too.
      Object.assign(this, { queue: data.queue, pairs: data.last ? [data.last] : [], at: data.last ? 1 : 0, asked: -1 });
      this.clearNote();
    }
    const known = new Set(this.pairs.map((pair) => pair.comparison_id));
    this.pairs.push(...data.pairs.filter((pair) => !known.has(pair.comparison_id)));
    for (const pair of this.pairs) pair.total = data.total;
    if (shown === undefined || shown !== this.pair?.comparison_id) this.draw();
    else this.drawSaved();
    this.log.flush(true);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.log?.close();
  }

  get pair() {
    return this.pairs[this.at];
  }

  key(event) {
    if (closesHelp(this.help, event)) return;
    if (isTyping(event) || event.repeat || this.help.open || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const known = KEYS.find((one) => one.keys.includes(key));
    if (!known) return;
    known.act(this);
    event.preventDefault();
  }

  choose(choice) {
    const pair = this.pair;
    if (!pair) return;
    this.log.add({ comparison_id: pair.comparison_id, choice, note: choice === "skip" ? "" : this.note.value.trim() });
    this.at += 1;
    this.done += 1;
    this.clearNote();
    this.draw();
    this.say(`${choice === "skip" ? "Skipped" : "Rated"}. ${this.placeOf()}`);
    if (this.pairs.length - this.at < PAIRS_AHEAD && this.asked !== this.pairs.length) {
      this.asked = this.pairs.length;
      this.send(this.log.next);
    }
  }

  // Go back to the last pair and take back what was said of it.
  undo() {
    if (this.at === 0) return this.say("There is nothing to take back.", true);
    this.at -= 1;
    this.log.add({ comparison_id: this.pair.comparison_id, choice: "undo", note: "" });
    this.clearNote();
    this.draw();
    this.say(`Taken back. ${this.placeOf()}`, true);
  }

  writeNote() {
    if (!this.pair) return;
    this.noteBox.open = true;
    this.note.focus();
  }

  clearNote() {
    this.note.value = "";
    this.noteBox.open = false;
  }

  placeOf() {
    const pair = this.pair;
    return pair ? `Pair ${pair.position.toLocaleString("en")} of ${pair.total.toLocaleString("en")}` : "No pair left";
  }

  // Tell people who listen, and with `seen` everybody, what happened.
  say(words, seen = false) {
    this.spoken.textContent = words;
    this.told.textContent = seen ? words : "";
  }

  toggleReference() {
    if (this.reference) this.reference.open = !this.reference.open;
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.body = make("div", "body");
    this.saved = make("span", "saved faint");
    this.told = make("span", "told");
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("role", "status");
    this.noteBox = make("details", "note");
    const title = make("summary", "faint", "Note ");
    title.append(make("kbd", "", "N"));
    this.note = make("textarea");
    this.note.setAttribute("aria-label", "Note on this pair");
    this.note.placeholder = "Goes with the choice. Escape leads back to it.";
    this.note.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      event.stopPropagation();
      this.note.blur();
    });
    this.noteBox.append(title, this.note);
    this.actions = make("div", "row actions");
    this.actions.append(
      button("Left is better", "choice", () => this.choose("left"), "1"),
      button("Right is better", "choice", () => this.choose("right"), "2"),
      button("Equally good", "choice", () => this.choose("tie"), "3"),
      button("Both bad", "choice", () => this.choose("both_bad"), "4"),
      make("span", "grow"),
      button("Skip", "choice", () => this.choose("skip"), "S"),
      button("Undo", "", () => this.undo(), "U"),
      button("Keys", "", () => this.help.showModal(), "?"),
    );
    this.help = makeHelp(KEYS, "Choices are kept in this browser until they are stored, and can be taken back.");
    const foot = make("div", "row foot");
    foot.append(this.saved, make("span", "grow"), this.told);
    this.root.replaceChildren(this.head, this.body, this.actions, this.noteBox, foot, this.spoken, this.help);
  }

  drawSaved() {
    const unsaved = this.log.unsaved.length;
    this.saved.textContent = unsaved ? `${unsaved} not saved yet` : "All ratings are saved";
    this.saved.dataset.unsaved = String(unsaved);
    this.saved.classList.toggle("waiting", unsaved > 0);
  }

  draw() {
    this.drawSaved();
    const pair = this.pair;
    for (const node of this.actions.querySelectorAll(".choice")) node.disabled = !pair;
    this.body.replaceChildren();
    this.head.replaceChildren();
    this.noteBox.hidden = !pair;
    this.reference = null;
    if (!pair) {
      delete this.root.dataset.pair;
      const box = make("div", "end panel");
      box.append(make("strong", "", "All drawn pairs are rated."), make("div", "faint", "Draw more below, or read the win rates on the page Compare."));
      this.body.append(box);
      return;
    }
    this.root.dataset.pair = pair.comparison_id;
    this.head.append(make("strong", "place", this.placeOf()));
    const prompt = make("section", "prompt");
    // A box that a long text scrolls in; the keyboard must be able to get into it for that.
    prompt.tabIndex = 0;
    prompt.setAttribute("aria-label", "Conversation");
    drawMessages(prompt, pair.prompt);
    this.body.append(prompt);
    const sides = make("div", "sides");
    for (const [name, text] of [["Left", pair.left], ["Right", pair.right]]) {
      const side = make("section", "panel side");
      side.tabIndex = 0;
      side.setAttribute("aria-label", `${name} answer`);
      side.append(make("div", "role", name));
      drawText(side, text);
      sides.append(side);
    }
    this.body.append(sides);
    if (pair.reference) {
      this.reference = make("details", "reference");
      const title = make("summary", "faint", "Reference answer ");
      title.append(make("kbd", "", "R"));
      this.reference.append(title);
      drawText(this.reference, pair.reference);
      this.body.append(this.reference);
    }
  }
}
