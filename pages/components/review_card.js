// The review card: a queue of examples on this side, so that a key press draws the next example at once; what was
// decided goes to the server in the background. Streamlit calls the default export on every update: bind once, keep
// everything on the element, remove it in the cleanup.
//
// One message goes to the server, and it says everything: what is unsaved, what is wanted, which chunk of cards has
// arrived. It may be sent twice or be lost; the next one says it again.

const STATE_OF = { keep: "kept", drop: "dropped", flag: "flagged", edit: "edited", pending: "pending" };
const CARDS_AHEAD = 40; // ask for more when fewer than this many are left
const LEAST_AHEAD = 20; // … or than this many, once the server has said that this is our share of a short queue
const RENEW_MILLISECONDS = 60_000; // how often the server hears that somebody works here
const ASK_AGAIN_MILLISECONDS = 4_000;
const COUNT_MILLISECONDS = 1_500; // how soon to ask again how many there are

export default function (component) {
  const root = component.parentElement;
  const card = (root.reviewCard ??= new ReviewCard(root));
  card.update(component);
  return whenGone(root, () => card.close());
}

class ReviewCard {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.asks = new Map(); // what was asked of the server and not answered yet, by its number
    this.askNumber = 0;
    this.tab = null;
    this.lastSeen = Date.now();
    this.renewedAt = Date.now();
    this.onKey = (event) => this.key(event);
    this.onSign = () => (this.lastSeen = Date.now());
    document.addEventListener("keydown", this.onKey);
    this.stopLettingGo = lettingGoAtClicks();
    for (const sign of SIGNS) document.addEventListener(sign, this.onSign, { passive: true });
    this.timer = setInterval(() => this.tick(), 1000);
    this.clear();
  }

  clear() {
    Object.assign(this, { cards: [], at: 0, base: 0, total: 0, more: true, merged: 0, token: null, editing: false });
    this.local = new Map(); // what was decided here, by example, before the server's word comes back
    this.trail = []; // for undo: where, what, and how it was before
    this.hungryAt = 0;
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.post = (message) => setTriggerValue("send", message);
    if (!this.log) {
      this.log = new EventLog(`review:${data.project}:${data.reviewer}`, () => drawSaved(this));
      this.log.transmit = () => this.send();
      drawFrame(this);
      tabName().then((name) => {
        this.tab = name;
        if (this.data.tab !== name) this.send();
      });
    }
    const fresh = data.queue !== this.queue;
    if (fresh) {
      rememberName(data.reviewer);
      this.queue = data.queue;
      this.clear();
    }
    const shown = this.card?.example_id;
    const total = this.total;
    this.merge(data);
    this.log.acknowledge(data.acknowledged);
    this.takeRefused(data.refused);
    if (data.trouble) say(this, `Not stored yet, and kept here: ${data.trouble}`, true);
    for (const [number, answer] of Object.entries(data.answers)) {
      const ask = this.asks.get(Number(number));
      if (ask) {
        this.asks.delete(Number(number));
        ask.act(answer);
      }
    }
    if (fresh || shown === undefined) draw(this);
    else if (total !== this.total) drawHead(this, this.card);
    drawSaved(this);
    this.log.flush(true);
    this.feed();
  }

  // Take in the chunk of cards that came, unless it did before; a server that was started again begins anew at 1.
  merge({ token, chunk, total, more, lost }) {
    this.total = total;
    if (token !== this.token) Object.assign(this, { token, merged: 0 });
    if (chunk && chunk.serial > this.merged) {
      this.merged = chunk.serial;
      const known = new Set(this.cards.map((card) => card.example_id));
      this.cards.push(...chunk.cards.filter((card) => !known.has(card.example_id)));
      this.hungryAt = 0;
    }
    this.more = more;
    for (const id of lost) {
      const place = this.cards.findIndex((card) => card.example_id === id);
      if (place < 0 || this.local.has(id)) continue;
      if (place > this.at) this.cards.splice(place, 1);
      else this.cards[place].elsewhere = true;
    }
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.stopLettingGo();
    for (const sign of SIGNS) document.removeEventListener(sign, this.onSign);
    clearInterval(this.timer);
    this.log?.close();
  }

  send(renew = false, again = false) {
    if (!this.tab || !this.post) return;
    this.log.sentAt = Date.now();
    this.post({
      tab: this.tab,
      queue: this.queue,
      token: this.token,
      merged: this.merged,
      hungry: this.hungryAt > 0,
      renew,
      again,
      ahead: this.cards.slice(this.at).map((card) => card.example_id).filter((id) => !this.local.has(id)),
      asks: [...this.asks.values()].map((ask) => ask.what),
      events: this.log.next,
    });
  }

  // Begin the queue anew: what was passed over, and what others have let go of.
  again() {
    this.send(false, true);
    this.clear();
    draw(this);
  }

  // Ask for more cards before they run out.
  feed() {
    const short = this.more && this.cards.length - this.at < (this.data.enough ? LEAST_AHEAD : CARDS_AHEAD);
    if (!short || !this.tab || Date.now() - this.hungryAt < ASK_AGAIN_MILLISECONDS) return;
    this.hungryAt = Date.now();
    this.send();
  }

  tick() {
    this.feed();
    const now = Date.now();
    const waiting = [...this.asks.values()].some((ask) => now - ask.askedAt > ASK_AGAIN_MILLISECONDS);
    for (const ask of this.asks.values()) if (waiting) ask.askedAt = now;
    const renew = now - this.renewedAt > RENEW_MILLISECONDS && this.lastSeen > this.renewedAt;
    if (renew) this.renewedAt = now;
    if (renew || waiting || (this.data?.counting && now - this.log.sentAt > COUNT_MILLISECONDS)) this.send(renew);
  }

  // Ask the server something; `act` gets `{error}` or what was asked for.
  ask(kind, more, act) {
    this.askNumber += 1;
    const what = { number: this.askNumber, kind, ...more };
    this.asks.set(this.askNumber, { what, act, askedAt: Date.now() });
    this.send();
  }

  get card() {
    return this.cards[this.at];
  }

  stateOf(card) {
    return this.local.get(card.example_id) ?? card.state;
  }

  key(event) {
    if (isTyping(event) || this.help?.open || this.root.offsetParent === null) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const known = KEYS.find((one) => one.keys.includes(key));
    if (!known || (event.repeat && !known.repeats)) return;
    known.act(this);
    event.preventDefault();
  }

  decide(action, more = {}) {
    const card = this.card;
    if (!card || this.editing) return;
    const origin = this.data.deciding && ["keep", "drop", "flag"].includes(action) ? { origin: "deciding vote" } : {};
    const sequence = this.log.add({ example_id: card.example_id, action, queue: this.data.asked, ...origin, ...more });
    if (action === "note") {
      (card.history ??= []).push({ action, who: "you", when: "", note: more.note });
      draw(this);
      say(this, "Note written.");
      return;
    }
    this.trail.push({ card, action, sequence, state: this.local.get(card.example_id), messages: card.messages });
    this.local.set(card.example_id, STATE_OF[action]);
    if (more.messages) card.messages = more.messages;
    this.move(1, `${STATE_OF[action]}. `);
  }

  undo() {
    if (this.editing) return;
    const last = this.trail.pop();
    if (!last) {
      say(this, "Nothing to undo here. The history of an example (H) has older decisions.", true);
      return;
    }
    const id = last.card.example_id;
    if (last.state === undefined) this.local.delete(id);
    else this.local.set(id, last.state);
    last.card.messages = last.messages;
    this.log.add({ example_id: id, action: "undo", undoes: last.sequence, undone: last.action });
    const place = this.cards.indexOf(last.card);
    if (place < 0) this.cards.splice(this.at, 0, last.card);
    else this.at = place;
    draw(this);
    say(this, `Taken back: ${STATE_OF[last.action]}. ${placeOf(this)}`);
  }

  move(step, before = "") {
    if (this.editing) return;
    this.at = Math.min(Math.max(this.at + step, 0), this.cards.length);
    draw(this);
    say(this, `${before}${placeOf(this)}`);
    this.feed();
  }

  // Go to a number of this queue, or to any example by its id.
  jump(where) {
    const number = /^\d{1,9}$/.test(where) ? Number(where) : null;
    if (number !== null && number > this.base && number <= this.base + this.cards.length) {
      this.move(number - 1 - this.base - this.at);
      return;
    }
    say(this, "Looking for it …", true);
    this.ask("jump", number === null ? { example_id: where } : { place: number }, (answer) => {
      if (answer.error) return say(this, answer.error, true);
      if (answer.base !== undefined) Object.assign(this, { cards: answer.cards, base: answer.base, at: 0, more: true });
      else this.show(answer.card);
      draw(this);
      say(this, placeOf(this));
      this.feed();
    });
  }

  // Put a card under the reviewer's eyes: where it stands in the queue, or else right here.
  show(card) {
    const place = this.cards.findIndex((one) => one.example_id === card.example_id);
    if (place < 0) this.cards.splice(this.at, 0, card);
    else [this.at, this.cards[place]] = [place, card];
  }

  // The server will not store these: say why, and show the example as it was.
  takeRefused(refused) {
    for (const event of this.log.refuse(refused)) {
      this.local.delete(event.example_id);
      const place = this.trail.findIndex((one) => one.sequence === event.sequence && event.session === this.log.session);
      const [taken] = place < 0 ? [] : this.trail.splice(place, 1);
      if (taken) taken.card.messages = taken.messages;
      const told = refused.find((one) => one.sequence === event.sequence && one.session === event.session);
      say(this, `Not stored: ${told.message}`, true);
      draw(this);
    }
  }
}

const SIGNS = ["keydown", "pointermove", "wheel"];

// The keys, in the order of the help.
const KEYS = [
  { keys: ["k"], shown: "K", does: "keep", act: (view) => view.decide("keep") },
  { keys: ["d"], shown: "D", does: "drop", act: (view) => view.decide("drop") },
  { keys: ["f"], shown: "F", does: "flag", act: (view) => view.decide("flag") },
  { keys: ["e"], shown: "E", does: "edit in place", act: (view) => editCard(view) },
  { keys: ["n"], shown: "N", does: "write a note", act: (view) => writeNote(view) },
  { keys: ["u"], shown: "U", does: "undo", act: (view) => view.undo() },
  { keys: ["j", "ArrowRight"], shown: "J →", does: "next", repeats: true, act: (view) => view.move(1) },
  { keys: ["b", "ArrowLeft"], shown: "B ←", does: "back", repeats: true, act: (view) => view.move(-1) },
  { keys: ["g"], shown: "G", does: "go to a number or an id", act: (view) => askWhere(view) },
  { keys: ["h"], shown: "H", does: "history", act: (view) => openPart(view, "history") },
  { keys: ["s"], shown: "S", does: "similar examples", act: (view) => openPart(view, "neighbours") },
  { keys: ["?"], shown: "?", does: "these keys", act: (view) => view.help.showModal() },
];
