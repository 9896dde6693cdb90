// A log of what a person did, kept here until the server says that it is stored.
//
// Each event carries the session and a rising sequence, so that sending it twice stores it once. What is not yet
// acknowledged is sent again every few seconds and kept in the browser's storage: it survives a reload, a change of
// page and a closed tab, whose events the next tab finds and sends. A lock says which tabs still live.

const RESEND_MILLISECONDS = 3000;
const ADOPT_AGAIN_MILLISECONDS = 50;
const MOST_AT_ONCE = 200;

class EventLog {
  constructor(name, changed) {
    this.prefix = `workbench:${name}:`;
    this.session = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.sequence = 0;
    this.changed = changed;
    this.transmit = null;
    this.sentAt = 0;
    this.unsaved = [];
    this.timer = setInterval(() => {
      this.flush();
      if (navigator.locks) this.#adopt();
    }, RESEND_MILLISECONDS);
    this.warn = (event) => {
      if (this.unsaved.length) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.warn);
    this.release = holdLock(this.prefix + this.session);
    this.#adopt();
    // Where a card takes the place of another one in the same page, that one's lock is free only a moment later.
    if (navigator.locks) setTimeout(() => this.#adopt(), ADOPT_AGAIN_MILLISECONDS);
  }

  add(event) {
    this.sequence += 1;
    this.unsaved.push({ session: this.session, sequence: this.sequence, ...event });
    this.#remember();
    this.flush(this.unsaved.length === 1);
    return this.sequence;
  }

  // What goes with the next message; the rest waits for its acknowledgement.
  get next() {
    return this.unsaved.slice(0, MOST_AT_ONCE);
  }

  // Send what is unsaved, unless a sending is still under way.
  flush(now = false) {
    if (!this.unsaved.length || !this.transmit) return;
    if (!now && Date.now() - this.sentAt < RESEND_MILLISECONDS - 100) return;
    this.sentAt = Date.now();
    this.transmit(this.next);
  }

  // `stored` names the highest stored sequence of each session.
  acknowledge(stored) {
    this.#drop((event) => event.sequence <= (stored?.[event.session] ?? 0));
  }

  // Forget events that the server will never store, and return them.
  refuse(refused) {
    const gone = this.unsaved.filter((event) => refused.some((one) => one.session === event.session && one.sequence === event.sequence));
    this.#drop((event) => gone.includes(event));
    return gone;
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    window.removeEventListener("beforeunload", this.warn);
    this.release();
  }

  #drop(isDone) {
    const before = this.unsaved.length;
    this.unsaved = this.unsaved.filter((event) => !isDone(event));
    if (this.unsaved.length === before) return;
    this.#remember();
    this.changed();
    this.flush(true);
  }

  #remember() {
    const own = this.unsaved;
    try {
      if (own.length) localStorage.setItem(this.prefix + this.session, JSON.stringify(own));
      else localStorage.removeItem(this.prefix + this.session);
    } catch {
      // A full or forbidden storage costs the safety net, not the event: it is still in `unsaved`.
    }
  }

  // Take over what tabs that are gone left unsaved.
  async #adopt() {
    if (this.closed) return;
    let names = [];
    let adopted = 0;
    try {
      names = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix) && name !== this.prefix + this.session);
    } catch {
      return;
    }
    for (const name of names) {
      await whenUnlocked(name, () => {
        if (this.closed) return;
        const left = JSON.parse(localStorage.getItem(name) ?? "[]");
        adopted += left.length;
        this.unsaved.unshift(...left);
        this.#remember();
        localStorage.removeItem(name);
      });
    }
    if (adopted) {
      this.changed();
      this.flush(true);
    }
  }
}

// Hold a lock of this browser for as long as the page lives; returns the way to let go of it.
function holdLock(name) {
  let release = () => {};
  const held = new Promise((resolve) => (release = resolve));
  navigator.locks?.request(name, () => held);
  return release;
}

// Act when no living page holds the lock. Where a browser has no locks (a page that came over plain HTTP from another
// machine), acting twice is harmless: the server stores an event once.
async function whenUnlocked(name, act) {
  if (navigator.locks) await navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && act());
  else act();
}

// The tab's own name, the same after a reload, another one in a copy of the tab.
async function tabName() {
  const storageName = "workbench:tab";
  const fresh = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  if (window.workbenchTab) return window.workbenchTab;
  let name = fresh();
  try {
    const before = sessionStorage.getItem(storageName);
    if (before) await whenUnlocked(`workbench:tab:${before}`, () => (name = before));
    sessionStorage.setItem(storageName, name);
  } catch {
    // Without a storage each visit is a tab of its own.
  }
  if (window.workbenchTab) return window.workbenchTab;
  window.workbenchTab = name;
  holdLock(`workbench:tab:${name}`);
  return name;
}

const FIELDS = "input, textarea, select, [contenteditable=''], [contenteditable='true'], [role='slider'], [role='radio'], [role='combobox'], [role='listbox'], [role='menu'], [role='tab'], [role='textbox']";
const IN_FRONT = "[role='dialog'], [role='listbox'], [role='menu'], [data-testid='stPopoverBody']";

// Whether a key press belongs to somebody else: a field, an open dialog or list, a browser shortcut.
function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  if (event.composedPath().some((node) => node instanceof Element && node.matches(FIELDS))) return true;
  return document.querySelector(IN_FRONT) !== null;
}

// What the pointer pressed has the focus, and a choice that has it keeps the keys, though nobody means it by them. A field
// for text, and what was reached by the keyboard, is left alone.
function letGoOfFocus() {
  const pressed = document.activeElement;
  if (pressed && pressed !== document.body && !pressed.matches(":focus-visible")) pressed.blur();
}

// Do so at each click, those that a widget keeps to itself included, and after it, as a label hands the focus on then. On a
// busy machine a key may come between the two. Returns the way to stop.
function lettingGoAtClicks() {
  const letGo = () => {
    letGoOfFocus();
    setTimeout(letGoOfFocus);
  };
  document.addEventListener("click", letGo, true);
  return () => document.removeEventListener("click", letGo, true);
}
