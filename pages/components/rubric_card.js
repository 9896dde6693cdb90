// The blind rubric card: one answer at a time, a score from 1 to 5 on each criterion. An answer's scores go to the server
// together, when the last one is given. What it shares with the other blind card stands in parts/blind_card.js.

// In the order of the help.
const KEYS = [
  { keys: ["1", "2", "3", "4", "5"], shown: "1 2 3 4 5", does: "score the criterion, go to the next", act: (card, key) => card.score(card.current, Number(key)) },
  { keys: ["b", "ArrowUp", "Backspace"], shown: "B ↑", does: "back a criterion", act: (card) => card.look(card.current - 1) },
  { keys: ["ArrowDown"], shown: "↓", does: "on a criterion", act: (card) => card.look(card.current + 1) },
  { keys: ["u"], shown: "U", does: "undo: take the last answer's scores back", act: (card) => card.undo() },
  { keys: ["s"], shown: "S", does: "skip this answer", act: (card) => card.skip() },
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

class RubricCard extends BlindCard {
  kind = "rubric";
  keys = KEYS;
  unit = "Answer";
  idName = "answer_id";

  constructor(root) {
    super(root);
    this.drawFrame();
  }

  begin(data) {
    this.criteria = data.criteria;
    super.begin(data);
  }

  clear() {
    Object.assign(this, { scores: {}, current: 0 });
    this.clearNote();
  }

  // Give a criterion its score and go on to the next one that has none; after the last the answer is done.
  score(place, value) {
    const criterion = this.criteria[place];
    if (!this.item || !criterion) return;
    this.scores[criterion.name] = value;
    const missing = (one) => !(one.name in this.scores);
    const after = this.criteria.findIndex((one, index) => index > place && missing(one));
    const next = after >= 0 ? after : this.criteria.findIndex(missing);
    if (next < 0) return this.leave({ action: "score", scores: this.scores, note: this.note.value.trim() }, "Rated.");
    this.current = next;
    this.drawScores();
    this.say(`${criterion.name}: ${value}. Next: ${this.criteria[next].name}.`);
  }

  look(place) {
    if (!this.item || !this.criteria[place]) return;
    this.current = place;
    this.drawScores();
    this.say(this.criteria[place].name);
  }

  skip() {
    this.leave({ action: "skip" }, "Skipped.");
  }

  undo() {
    this.takeBack({ action: "undo" });
  }

  drawFrame() {
    this.head = make("div", "row head");
    this.halves = make("div", "halves");
    this.left = make("div", "left");
    this.right = make("div", "right");
    this.form = make("div", "form");
    this.right.append(this.form, this.makeNote("Note on this answer", "Goes with the scores. Escape leads back to them."));
    this.halves.append(this.left, this.right);
    this.actions = make("div", "row actions");
    this.actions.append(
      button("Back a criterion", "answering", () => this.look(this.current - 1), "B"),
      button("Skip", "answering", () => this.skip(), "S"),
      make("span", "grow"),
      button("Undo", "", () => this.undo(), "U"),
      button("Keys", "", () => this.help.showModal(), "?"),
    );
    const foot = this.makeFoot("The scores of an answer are sent with the last one, are kept in this browser until they are stored, and can be taken back.");
    this.root.replaceChildren(this.head, this.halves, this.actions, ...foot);
  }

  drawScores() {
    drawCriteria(this.form, this.criteria, this.scores, this.current, (place, value) => this.score(place, value), (place) => this.look(place));
  }

  draw() {
    this.drawSaved();
    const answer = this.item;
    for (const node of this.actions.querySelectorAll(".answering")) node.disabled = !answer;
    this.left.replaceChildren();
    this.reference = null;
    this.right.hidden = !answer;
    this.head.replaceChildren(make("strong", "place", answer ? this.placeOf() : ""));
    if (!answer) {
      delete this.root.dataset.answer;
      this.left.append(this.makeEnd("All drawn answers are rated.", "Draw more below, or read the results on the page Compare."));
      return;
    }
    this.root.dataset.answer = answer.answer_id;
    const prompt = scrollable("prompt", "Conversation");
    drawMessages(prompt, answer.prompt);
    const text = scrollable("panel answer", "Answer");
    text.append(make("div", "role", "Answer"));
    drawText(text, answer.text);
    this.left.append(prompt, text);
    if (answer.reference) this.left.append(this.makeReference(answer.reference));
    this.drawScores();
  }
}
