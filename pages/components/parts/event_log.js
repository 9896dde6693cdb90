// A log of what a person did, kept here until the server says that it is stored.
//
// Each event carries the session and a rising sequence, so that sending it twice stores it once. What is not yet
// acknowledged is sent again every few seconds and kept in the tab's storage: it survives a reload and a change of page.

const RESEND_MILLISECONDS = 3000;
const MOST_AT_ONCE = 200;

class EventLog {
  constructor(name, changed) {
    this.storageName = `workbench:${name}`;
    this.session = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.sequence = 0;
    this.changed = changed;
    this.transmit = null;
    this.sentAt = 0;
    this.unsaved = this.#remembered();
    this.timer = setInterval(() => this.flush(), RESEND_MILLISECONDS);
    this.warn = (event) => {
      if (this.unsaved.length) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.warn);
  }

  add(event) {
    this.sequence += 1;
    this.unsaved.push({ session: this.session, sequence: this.sequence, ...event });
    this.#remember();
    this.flush(this.unsaved.length === 1);
    return this.sequence;
  }

  // Send what is unsaved, unless a sending is still under way.
  flush(now = false) {
    if (!this.unsaved.length || !this.transmit) return;
    if (!now && Date.now() - this.sentAt < RESEND_MILLISECONDS - 100) return;
    this.sentAt = Date.now();
    this.transmit(this.unsaved.slice(0, MOST_AT_ONCE));
  }

  // `stored` names the highest stored sequence of each session.
  acknowledge(stored) {
    const before = this.unsaved.length;
    this.unsaved = this.unsaved.filter((event) => !(event.sequence <= (stored?.[event.session] ?? 0)));
    if (this.unsaved.length === before) return;
    this.#remember();
    this.changed();
    this.flush(true);
  }

  close() {
    clearInterval(this.timer);
    window.removeEventListener("beforeunload", this.warn);
  }

  #remember() {
    try {
      sessionStorage.setItem(this.storageName, JSON.stringify(this.unsaved));
    } catch {
      // A full or forbidden storage costs the safety net, not the event: it is still in `unsaved`.
    }
  }

  #remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(this.storageName) ?? "[]");
    } catch {
      return [];
    }
  }
}

// Whether a key press belongs to somebody else: a field, an open dialog, a browser shortcut.
function isTyping(event) {
  const target = event.composedPath()[0];
  const field = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  return field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('[role="dialog"]') !== null;
}
