// What the two cards of blind ratings share: a queue of items that were drawn and stored before they came here, one of
// them shown, what is said of it logged, keys, a note, and the way back. Nothing here knows whose answer an item holds.
// Bound once, as Streamlit calls a component on each update.
//
// A card names its `kind`, its `keys` in the order of the help, the `unit` that it counts and the `idName` of an item;
// it draws itself by `drawFrame` and `draw`, and `clear` forgets what was half said of the item that is left.

const ITEMS_AHEAD = 6;

class BlindCard {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.queue = null;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.stopLettingGo = lettingGoAtClicks();
  }

  update({ data, setTriggerValue }) {
    this.send = () => setTriggerValue("send", { events: this.log.next, done: this.done, queue: this.queue });
    const fresh = data.queue !== this.queue;
    if (fresh) this.begin(data);
    this.log.transmit = () => this.send();
    this.log.acknowledge(data.acknowledged);
    const shown = this.item;
    const known = new Set(this.items.map((item) => item[this.idName]));
    this.items.push(...data.items.filter((item) => !known.has(item[this.idName])));
    this.total = data.total;
    if (fresh || shown !== this.item) this.draw();
    else this.drawSaved();
    this.log.flush(true);
  }

  // Another rater, evaluation or wording of the criteria: what is unsaved stays in the browser for the one it is of. The
  // last item comes with the next ones, so that what was said of it can be taken back after a reload too.
  begin(data) {
    this.log?.close();
    this.log = new EventLog(`${this.kind}:${data.queue}`, () => this.drawSaved());
    const items = data.last ? [data.last] : [];
    Object.assign(this, { queue: data.queue, items, at: items.length, asked: -1, done: 0 });
    rememberName(data.rater);
    letGoOfFocus();
    this.clear();
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.stopLettingGo();
    this.log?.close();
  }

  get item() {
    return this.items?.[this.at];
  }

  key(event) {
    if (isTyping(event) || event.repeat || this.help.open || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const known = this.keys.find((one) => one.keys.includes(key));
    if (!known) return;
    known.act(this, key);
    event.preventDefault();
  }

  // Log what was said of the item, and go on to the next one.
  leave(said, words) {
    if (!this.item) return;
    this.log.add({ [this.idName]: this.item[this.idName], ...said });
    this.at += 1;
    this.done += 1;
    this.clear();
    this.draw();
    this.say(`${words} ${this.placeOf()}`);
    if (this.items.length - this.at < ITEMS_AHEAD && this.asked !== this.items.length) {
      this.asked = this.items.length;
      this.send();
    }
  }

  // Go back to the last item and take back what was said of it.
  takeBack(said) {
    if (this.at === 0) return this.say("There is nothing to take back.", true);
    this.at -= 1;
    this.log.add({ [this.idName]: this.item[this.idName], ...said });
    this.clear();
    this.draw();
    this.say(`Taken back. ${this.placeOf()}`, true);
  }

  placeOf() {
    const item = this.item;
    if (!item) return `No ${this.unit.toLowerCase()} left`;
    return `${this.unit} ${item.position.toLocaleString("en")} of ${this.total.toLocaleString("en")}`;
  }

  // Tell people who listen, and with `seen` everybody, what happened.
  say(words, seen = false) {
    this.spoken.textContent = words;
    this.told.textContent = seen ? words : "";
  }

  writeNote() {
    if (!this.item) return;
    this.noteBox.open = true;
    this.note.focus();
  }

  clearNote() {
    this.note.value = "";
    this.noteBox.open = false;
  }

  toggleReference() {
    if (this.reference) this.reference.open = !this.reference.open;
  }

  makeNote(label, hint) {
    this.noteBox = make("details", "note");
    const title = make("summary", "faint", "Note ");
    title.append(make("kbd", "", "N"));
    this.note = make("textarea");
    this.note.setAttribute("aria-label", label);
    this.note.placeholder = hint;
    this.note.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      event.stopPropagation();
      this.note.blur();
    });
    this.noteBox.append(title, this.note);
    return this.noteBox;
  }

  // What stands below every card: whether all is saved, what was told last, the keys.
  makeFoot(words) {
    this.saved = make("span", "saved faint");
    this.told = make("span", "told");
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("role", "status");
    this.help = makeHelp(this.keys, words);
    const foot = make("div", "row foot");
    foot.append(this.saved, make("span", "grow"), this.told);
    return [foot, this.spoken, this.help];
  }

  makeReference(text) {
    this.reference = make("details", "reference");
    const title = make("summary", "faint", "Reference answer ");
    title.append(make("kbd", "", "R"));
    this.reference.append(title);
    drawText(this.reference, text);
    return this.reference;
  }

  makeEnd(words, more) {
    const box = make("div", "end panel");
    box.append(make("strong", "", words), make("div", "faint", more));
    return box;
  }

  drawSaved() {
    const unsaved = this.log.unsaved.length;
    this.saved.textContent = unsaved ? `${unsaved} not saved yet` : "All ratings are saved";
    this.saved.dataset.unsaved = String(unsaved);
    this.saved.classList.toggle("waiting", unsaved > 0);
  }
}

// A box that a long text scrolls in; the keyboard must be able to get into it for that.
function scrollable(className, label) {
  const box = make("section", className);
  box.tabIndex = 0;
  box.setAttribute("aria-label", label);
  return box;
}
