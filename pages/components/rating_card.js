// The blind rating card: two answers side by side, four choices. What it shares with the other blind card stands in
// parts/blind_card.js.

// In the order of the help.
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

class RatingCard extends BlindCard {
  kind = "rate";
  keys = KEYS;
  unit = "Pair";
  idName = "comparison_id";

  constructor(root) {
    super(root);
    this.drawFrame();
  }

  choose(choice) {
    const skipped = choice === "skip";
    this.leave({ choice, note: skipped ? "" : this.note.value.trim() }, skipped ? "Skipped." : "Rated.");
  }

  undo() {
    this.takeBack({ choice: "undo", note: "" });
  }

  clear() {
    this.clearNote();
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.body = make("div", "body");
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
    const note = this.makeNote("Note on this pair", "Goes with the choice. Escape leads back to it.");
    const foot = this.makeFoot("Choices are kept in this browser until they are stored, and can be taken back.");
    this.root.replaceChildren(this.head, this.body, this.actions, note, ...foot);
  }

  draw() {
    this.drawSaved();
    const pair = this.item;
    for (const node of this.actions.querySelectorAll(".choice")) node.disabled = !pair;
    this.body.replaceChildren();
    this.head.replaceChildren();
    this.noteBox.hidden = !pair;
    this.reference = null;
    if (!pair) {
      delete this.root.dataset.pair;
      this.body.append(this.makeEnd("All drawn pairs are rated.", "Draw more below, or read the win rates on the page Compare."));
      return;
    }
    this.root.dataset.pair = pair.comparison_id;
    this.head.append(make("strong", "place", this.placeOf()));
    const prompt = scrollable("prompt", "Conversation");
    drawMessages(prompt, pair.prompt);
    const sides = make("div", "sides");
    for (const [name, text] of [["Left", pair.left], ["Right", pair.right]]) {
      const side = scrollable("panel side", `${name} answer`);
      side.append(make("div", "role", name));
      drawText(side, text);
      sides.append(side);
    }
    this.body.append(prompt, sides);
    if (pair.reference) this.body.append(this.makeReference(pair.reference));
  }
}
