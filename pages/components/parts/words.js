// Text of a data set, drawn as text: every word goes through `textContent`, never through HTML.

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = String(text);
  return node;
}

function button(label, className, act, key) {
  const node = make("button", className, label);
  node.type = "button";
  if (key) {
    const shown = make("kbd", "", key);
    shown.setAttribute("aria-hidden", "true");
    node.append(shown);
    node.setAttribute("aria-keyshortcuts", key);
  }
  node.addEventListener("click", act);
  return node;
}

// The text of a message's content: text, or the text parts of a list of parts.
function textOf(content) {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) {
    return content.map((part) => (typeof part === "string" ? part : part?.text)).filter((part) => typeof part === "string").join("\n");
  }
  return content === null || content === undefined ? "" : JSON.stringify(content);
}

// Spans that count characters (code points), as Python does, in JavaScript's own units; sorted, without empty ones.
function spansIn(text, spans) {
  const sound = (spans ?? [])
    .filter((span) => Number.isInteger(span.start) && Number.isInteger(span.end) && span.end > span.start)
    .sort((a, b) => a.start - b.start);
  if (!sound.length || !/[\ud800-\udfff]/.test(text)) return sound;
  const places = [];
  let unit = 0;
  for (const letter of text) {
    places.push(unit);
    unit += letter.length;
  }
  const place = (count) => (count < places.length ? places[count] : unit);
  return sound.map((span) => ({ ...span, start: place(span.start), end: place(span.end) }));
}

// Write a stretch of a text with the marked places in it; `spans` come from `spansIn`.
function writeMarked(parent, text, spans, from = 0, to = text.length) {
  let at = from;
  for (const span of spans) {
    const start = Math.max(span.start, at);
    const end = Math.min(span.end, to);
    if (end <= start) continue;
    parent.append(text.slice(at, start));
    const mark = make("mark", span.kind ?? "", text.slice(start, end));
    if (span.title) mark.title = span.title;
    parent.append(mark);
    at = end;
  }
  parent.append(text.slice(at, to));
}
