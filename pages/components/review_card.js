// The review card: a queue of examples on this side, so that a key press draws the next example at once; what was
// decided goes to the server in the background. Streamlit calls the default export on every update: bind once, keep
// everything on the element, remove it in the cleanup.

const ACTIONS = { k: "keep", d: "drop", f: "flag" };
const STATE_OF = { keep: "kept", drop: "dropped", flag: "flagged", edit: "edited", pending: "pending" };
const CARDS_AHEAD = 15; // ask for more when fewer than this many are left

export default function (component) {
  const root = component.parentElement;
  const card = (root.reviewCard ??= new ReviewCard(root));
  card.update(component);
  return () => card.close();
}

class ReviewCard {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.cards = [];
    this.at = 0;
    this.total = 0;
    this.queue = null;
    this.local = new Map(); // what was decided here, by example, before the server's word comes back
    this.trail = []; // for undo: where, what, and how it was before
    this.editing = false;
    this.asked = -1;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  update({ data, setTriggerValue }) {
    this.send = (events, more) => setTriggerValue("send", { events, have: this.cards.length, queue: this.queue, ...more });
    if (!this.log) {
      this.log = new EventLog(`review:${data.project}`, () => this.drawSaved());
      this.drawFrame();
    }
    this.log.transmit = this.send;
    this.log.acknowledge(data.acknowledged);
    const fresh = data.queue !== this.queue;
    if (fresh) {
      Object.assign(this, { queue: data.queue, cards: [], at: 0, asked: -1, trail: [], editing: false });
      this.local.clear();
    }
    const shown = this.cards[this.at]?.example_id;
    data.cards.forEach((card, offset) => {
      if (data.first + offset <= this.cards.length) this.cards[data.first + offset] ??= card;
    });
    this.total = data.total;
    this.queued = data.queued;
    if (fresh || shown === undefined) this.draw();
    else this.drawSaved();
    this.log.flush(true);
    this.ask();
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.log?.close();
  }

  // Ask for more cards once for each length of the queue.
  ask() {
    const short = this.cards.length < this.queued && this.cards.length - this.at < CARDS_AHEAD;
    if (short && this.asked !== this.cards.length) {
      this.asked = this.cards.length;
      this.send(this.log.unsaved.slice(0, MOST_AT_ONCE));
    }
  }

  get card() {
    return this.cards[this.at];
  }

  stateOf(card) {
    return this.local.get(card.example_id) ?? card.state;
  }

  key(event) {
    if (isTyping(event) || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.help.open && key === "Escape") this.help.close();
    const moves = { j: 1, ArrowRight: 1, b: -1, ArrowLeft: -1 };
    let known = true;
    if (key in moves) this.move(moves[key]);
    else if (event.repeat) known = false;
    else if (key in ACTIONS) this.decide(ACTIONS[key]);
    else if (key === "e") this.edit();
    else if (key === "n") this.note();
    else if (key === "u") this.undo();
    else if (key === "?") this.help.open ? this.help.close() : this.help.show();
    else known = false;
    if (known) event.preventDefault();
  }

  decide(action, more = {}) {
    const card = this.card;
    if (!card || this.editing) return;
    const sequence = this.log.add({ example_id: card.example_id, action, ...more });
    if (action === "note") {
      this.draw();
      return;
    }
    this.trail.push({ at: this.at, card, action, sequence, state: this.local.get(card.example_id), messages: card.messages });
    this.local.set(card.example_id, STATE_OF[action]);
    if (more.messages) card.messages = more.messages;
    this.move(1);
  }

  undo() {
    if (this.editing) return;
    const last = this.trail.pop();
    if (!last) return;
    const id = last.card.example_id;
    if (last.state === undefined) this.local.delete(id);
    else this.local.set(id, last.state);
    last.card.messages = last.messages;
    this.log.add({ example_id: id, action: "undo", undoes: last.sequence, undone: last.action });
    this.at = last.at;
    this.draw();
  }

  move(step) {
    if (this.editing) return;
    this.at = Math.min(Math.max(this.at + step, 0), this.cards.length);
    this.draw();
    this.ask();
  }

  edit() {
    const card = this.card;
    if (!card || this.editing) return;
    this.editing = true;
    this.body.replaceChildren();
    const fields = card.messages.map((message) => {
      const label = make("label", "field");
      label.append(make("div", "role", message.role));
      const field = make("textarea");
      field.value = textOf(message.content);
      field.rows = Math.min(Math.max(field.value.split("\n").length + Math.ceil(field.value.length / 110), 2), 18);
      label.append(field);
      this.body.append(label);
      return field;
    });
    const done = () => {
      this.editing = false;
      this.draw();
    };
    const save = () => {
      const messages = card.messages.map((message, index) => ({ ...message, content: fields[index].value }));
      const changed = fields.some((field, index) => field.value !== textOf(card.messages[index].content));
      this.editing = false;
      if (changed) this.decide("edit", { messages });
      else done();
    };
    this.body.append(this.fieldButtons("Save as a new example", save, done));
    this.listen(fields, save, done);
    fields[fields.length - 1]?.focus();
  }

  note() {
    const card = this.card;
    if (!card || this.editing) return;
    this.editing = true;
    const field = make("textarea");
    field.placeholder = "A note on this example";
    field.setAttribute("aria-label", "Note");
    const done = () => {
      this.editing = false;
      this.draw();
    };
    const save = () => {
      this.editing = false;
      if (field.value.trim()) this.decide("note", { note: field.value.trim() });
      else done();
    };
    this.body.prepend(field, this.fieldButtons("Save the note", save, done));
    this.listen([field], save, done);
    field.focus();
  }

  fieldButtons(label, save, cancel) {
    const row = make("div", "row buttons");
    row.append(button(label, "chosen", save, "Ctrl ⏎"), button("Cancel", "", cancel, "Esc"));
    return row;
  }

  listen(fields, save, cancel) {
    for (const field of fields) {
      field.addEventListener("keydown", (event) => {
        if (event.key === "Escape") cancel();
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
        else return;
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.body = make("div", "body");
    this.actions = make("div", "row actions");
    this.saved = make("span", "saved faint");
    this.saved.setAttribute("role", "status");
    this.help = this.makeHelp();
    const panel = make("div", "panel");
    panel.append(this.head, this.body);
    this.actions.append(
      button("Keep", "keep", () => this.decide("keep"), "K"),
      button("Drop", "drop", () => this.decide("drop"), "D"),
      button("Flag", "flag", () => this.decide("flag"), "F"),
      button("Edit", "edit", () => this.edit(), "E"),
      button("Note", "note", () => this.note(), "N"),
      make("span", "grow"),
      button("Undo", "", () => this.undo(), "U"),
      button("Back", "", () => this.move(-1), "B"),
      button("Next", "", () => this.move(1), "J"),
      button("Keys", "", () => this.help.show(), "?"),
    );
    this.root.replaceChildren(panel, this.actions, this.saved, this.help);
  }

  makeHelp() {
    const keys = ["K keep", "D drop", "F flag", "E edit in place", "N note", "U undo", "J or → next", "B or ← back", "? this help"];
    const help = make("div", "help panel");
    help.hidden = true;
    help.append(make("strong", "", "Keys"));
    const list = make("div", "keys");
    for (const line of keys) {
      const [key, ...words] = line.split(" ");
      list.append(make("kbd", "", key), make("span", "", words.join(" ")));
    }
    help.append(list, make("div", "faint", "A decision always belongs to the example on screen, is kept here until it is stored, and can be undone."));
    Object.defineProperty(help, "open", { get: () => !help.hidden });
    help.show = () => (help.hidden = !help.hidden);
    help.close = () => (help.hidden = true);
    return help;
  }

  drawSaved() {
    const unsaved = this.log.unsaved.length;
    this.saved.textContent = unsaved ? `${unsaved} not saved yet` : "All decisions are saved";
    this.saved.dataset.unsaved = String(unsaved);
    this.saved.classList.toggle("waiting", unsaved > 0);
  }

  draw() {
    this.drawSaved();
    if (this.editing) return;
    const card = this.card;
    for (const node of this.actions.querySelectorAll(".keep, .drop, .flag, .edit, .note")) node.disabled = !card;
    if (!card) {
      this.drawEnd();
      return;
    }
    this.root.dataset.example = card.example_id;
    this.drawHead(card);
    const spans = {};
    for (const found of card.personal ?? []) (spans[found.message_index] ??= []).push({ ...found, kind: "personal", title: `Personal data: ${found.kind}` });
    const last = card.messages.length - 1;
    for (const score of card.scores ?? []) {
      if (score.start !== null && card.messages[last]?.role === "assistant") {
        (spans[last] ??= []).push({ start: score.start, end: score.end, title: score.reason });
      }
    }
    this.body.replaceChildren();
    drawMessages(this.body, card.messages, spans);
    this.drawReasons(card);
    this.drawOthers(card);
  }

  drawEnd() {
    delete this.root.dataset.example;
    this.head.replaceChildren();
    const waiting = this.cards.length < this.queued;
    const box = make("div", "end");
    const title = waiting ? "Loading …" : this.total ? "That was the last one." : "Nothing to review here.";
    box.append(make("strong", "", title), make("div", "faint", waiting ? "" : "Choose another queue above, or press B to go back."));
    if (this.queued < this.total) {
      box.append(button("Go on with the next ones", "chosen", () => this.send(this.log.unsaved.slice(0, MOST_AT_ONCE), { renew: true })));
    }
    this.body.replaceChildren(box);
  }

  drawHead(card) {
    const state = this.stateOf(card);
    const place = make("strong", "place", `${(this.at + 1).toLocaleString("en")} of ${this.total.toLocaleString("en")}`);
    const badge = make("span", `badge ${state}`, state);
    const origin = [card.source, card.file && `${card.file}${card.line ? `:${card.line}` : ""}`, card.cluster].filter(Boolean).join(" · ");
    this.head.replaceChildren(place, badge);
    if (typeof card.quality === "number") {
      const meter = make("span", "meter");
      meter.title = "Quality, 0 worst to 1 best";
      const fill = make("span", "fill");
      fill.style.width = `${Math.round(card.quality * 100)}%`;
      meter.append(fill);
      this.head.append(meter, make("span", "faint", card.quality.toFixed(2)));
    }
    this.head.append(make("span", "grow"), make("span", "faint origin", origin));
  }

  drawReasons(card) {
    const box = make("div", "reasons");
    if (card.suggestion && card.suggestion !== "keep") {
      const line = make("div", "row");
      line.append(make("span", `badge ${card.suggestion}`, `suggested: ${card.suggestion}`), make("span", "", card.reason ?? ""));
      box.append(line);
    }
    const said = new Set([card.reason]);
    for (const score of card.scores ?? []) {
      if (!score.reason || said.has(score.reason)) continue;
      said.add(score.reason);
      const line = make("div", "row");
      line.append(make("span", "badge", score.scorer.replaceAll("_", " ")), make("span", "", score.reason));
      box.append(line);
    }
    for (const kind of new Set((card.personal ?? []).map((found) => found.kind))) {
      box.append(make("div", "", `Personal data: ${kind}`));
    }
    for (const past of card.history ?? []) {
      const when = String(past.when ?? "").slice(0, 16).replace("T", " ");
      box.append(make("div", "faint", `${past.action} by ${past.who}, ${when}${past.note ? `: ${past.note}` : ""}`));
    }
    if (box.childNodes.length) this.body.append(box);
  }

  drawOthers(card) {
    const own = [card.messages.slice(0, -1).map((m) => textOf(m.content)).join("\n"), textOf(card.messages[card.messages.length - 1]?.content)];
    const add = (title, others) => {
      if (!others.length) return;
      const box = make("details", "others");
      box.append(make("summary", "", title));
      box.addEventListener("toggle", () => {
        if (!box.open || box.childNodes.length > 1) return;
        for (const other of others) {
          const item = make("div", "other");
          item.append(make("div", "faint", other.caption));
          drawDifference(item, own[0], other.prompt ?? "");
          drawDifference(item, own[1], other.completion ?? "");
          box.append(item);
        }
      });
      this.body.append(box);
    };
    const duplicates = (card.duplicates ?? []).map((other) => ({ ...other, caption: `${other.kind}, similarity ${Number(other.similarity).toFixed(2)}` }));
    const conflicts = (card.conflicts ?? []).filter((other) => other.prompt).map((other) => ({ ...other, caption: other.detail ?? other.kind }));
    add(`${duplicates.length} like it in its duplicate group`, duplicates);
    add(`${conflicts.length} in conflict with it`, conflicts);
  }
}
