// The blind rating card: two answers side by side, four choices, keys. The pairs and their sides were drawn and stored
// before they came here; nothing here knows whose answer is whose. Bound once, as Streamlit calls this on each update.

const CHOICES = { 1: "left", 2: "right", 3: "tie", 4: "both_bad", ArrowLeft: "left", ArrowRight: "right", t: "tie", b: "both_bad" };
const PAIRS_AHEAD = 6;

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
    this.choices = new Map();
    this.asked = -1;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  update({ data, setTriggerValue }) {
    this.send = (events) => setTriggerValue("send", { events, rated: this.choices.size, queue: this.queue });
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
    if (data.queue !== this.queue) {
      Object.assign(this, { queue: data.queue, pairs: [], at: 0, asked: -1 });
      this.choices.clear();
    }
    const known = new Set(this.pairs.map((pair) => pair.comparison_id));
    this.pairs.push(...data.pairs.filter((pair) => !known.has(pair.comparison_id)));
    this.rated = data.rated;
    this.total = data.total;
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
    if (isTyping(event) || event.repeat || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in CHOICES) this.choose(CHOICES[key]);
    else if (key === "u") this.back();
    else if (key === "r") this.toggleReference();
    else return;
    event.preventDefault();
  }

  choose(choice) {
    const pair = this.pair;
    if (!pair) return;
    this.choices.set(pair.comparison_id, choice);
    this.log.add({ comparison_id: pair.comparison_id, choice, note: "" });
    this.at += 1;
    this.draw();
    if (this.pairs.length - this.at < PAIRS_AHEAD && this.asked !== this.pairs.length) {
      this.asked = this.pairs.length;
      this.send(this.log.next);
    }
  }

  // Go back to the last pair; rating it again takes the place of the first rating.
  back() {
    if (this.at === 0) return;
    this.at -= 1;
    this.draw();
  }

  toggleReference() {
    if (this.reference) this.reference.open = !this.reference.open;
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.body = make("div", "body");
    this.saved = make("span", "saved faint");
    this.saved.setAttribute("role", "status");
    this.actions = make("div", "row actions");
    this.actions.append(
      button("Left is better", "choice", () => this.choose("left"), "1"),
      button("Right is better", "choice", () => this.choose("right"), "2"),
      button("Equally good", "choice", () => this.choose("tie"), "3"),
      button("Both bad", "choice", () => this.choose("both_bad"), "4"),
      make("span", "grow"),
      button("Back", "", () => this.back(), "U"),
    );
    this.root.replaceChildren(this.head, this.body, this.actions, this.saved);
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
    this.reference = null;
    if (!pair) {
      delete this.root.dataset.pair;
      const box = make("div", "end panel");
      box.append(make("strong", "", "All drawn pairs are rated."), make("div", "faint", "Draw more above, or read the win rates on the page Compare."));
      this.body.append(box);
      return;
    }
    this.root.dataset.pair = pair.comparison_id;
    this.head.append(make("strong", "", `Pair ${pair.position.toLocaleString("en")} of ${pair.total.toLocaleString("en")}`));
    const before = this.choices.get(pair.comparison_id);
    if (before) this.head.append(make("span", "badge", `rated: ${before.replace("_", " ")}`));
    const prompt = make("div", "prompt");
    drawMessages(prompt, pair.prompt);
    this.body.append(prompt);
    const sides = make("div", "sides");
    for (const [name, text] of [["Left", pair.left], ["Right", pair.right]]) {
      const side = make("section", "panel side");
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
