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
    node.append(make("kbd", "", key));
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

// null: does not look like JSON. Else whether it parses, and the same literals indented: numbers and repeated
// keys stay exactly as they were written, which parsing and printing again would not keep.
function jsonOf(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return null;
  try {
    JSON.parse(trimmed);
  } catch (error) {
    return { valid: false, reason: error.message };
  }
  return { valid: true, text: indentJson(trimmed) };
}

function indentJson(source) {
  let indent = 0;
  let made = "";
  const line = () => "\n" + "  ".repeat(indent);
  for (const token of source.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []) {
    const last = made.trimEnd().slice(-1);
    if (token === "}" || token === "]") {
      indent -= 1;
      made = last === "{" || last === "[" ? made.trimEnd() + token : made + line() + token;
    } else {
      if (made && (last === "{" || last === "[" || (last === "," && made.endsWith(",")))) made += line();
      made += token === ":" ? ": " : token;
      if (token === "{" || token === "[") indent += 1;
    }
  }
  return made;
}

// Write a text with some stretches marked. Offsets count characters (code points), as Python does.
function writeMarked(parent, text, spans) {
  const letters = Array.from(text);
  const sorted = (spans ?? [])
    .filter((span) => Number.isInteger(span.start) && Number.isInteger(span.end) && span.end > span.start)
    .sort((a, b) => a.start - b.start);
  let at = 0;
  for (const span of sorted) {
    const start = Math.max(span.start, at);
    const end = Math.min(span.end, letters.length);
    if (end <= start) continue;
    parent.append(letters.slice(at, start).join(""));
    const mark = make("mark", span.kind ?? "", letters.slice(start, end).join(""));
    if (span.title) mark.title = span.title;
    parent.append(mark);
    at = end;
  }
  parent.append(letters.slice(at).join(""));
}

function drawText(parent, text, spans) {
  const json = jsonOf(text);
  if (json?.valid && !(spans ?? []).length) {
    parent.append(make("pre", "text json", json.text));
    return;
  }
  const body = make("div", json ? "text json" : "text");
  if (text === "") body.append(make("em", "faint", "empty"));
  writeMarked(body, text, spans);
  parent.append(body);
  if (json && !json.valid) parent.append(make("div", "warning", `This is no valid JSON: ${json.reason}`));
}

// One bubble a message; `spans` holds the marked stretches by the message's index.
function drawMessages(parent, messages, spans) {
  messages.forEach((message, index) => {
    const role = String(message.role ?? "");
    const bubble = make("section", `bubble ${["system", "user", "assistant", "tool"].includes(role) ? role : "other"}`);
    bubble.setAttribute("aria-label", `${role} message`);
    bubble.append(make("div", "role", role));
    drawText(bubble, textOf(message.content), spans?.[index]);
    parent.append(bubble);
  });
}
