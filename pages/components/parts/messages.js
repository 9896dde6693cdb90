// A conversation as people read it: who says what, JSON indented, code as code, tool calls with their arguments.

const ROLES = ["system", "user", "assistant", "tool"];
const FENCE = /^[ \t]*(```+|~~~+)[ \t]*([\w+#.-]*)[^\n`]*\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$\n?|$(?![\s\S]))/gm;
// What a message has besides its text and what is drawn in a way of its own.
const DRAWN = ["role", "content", "tool_calls", "function_call", "name", "tool_call_id"];

function drawText(parent, text, spans) {
  const marks = spansIn(text, spans);
  const json = jsonOf(text);
  if (text === "") parent.append(make("em", "faint", "empty"));
  else if (json?.valid && !marks.length) parent.append(make("pre", "text json", json.text));
  else if (json) drawStretch(parent, "pre", "text json", text, faultMarked(json, text, marks));
  else drawBlocks(parent, text, marks);
  if (json && !json.valid) {
    parent.append(make("div", "warning", `Not valid JSON, line ${json.line}, column ${json.column}: ${json.reason}.`));
  }
}

function faultMarked(json, text, marks) {
  if (json.valid || json.at >= text.length) return marks;
  const fault = { start: json.at, end: json.at + 1, kind: "fault", title: json.reason };
  return [...marks, fault].sort((a, b) => a.start - b.start);
}

// Text between code fences as text, what the fences hold as code.
function drawBlocks(parent, text, marks) {
  let at = 0;
  for (const found of text.matchAll(FENCE)) {
    if (found.index > at) drawStretch(parent, "div", "text", text, marks, at, found.index);
    const start = found.index + found[0].indexOf("\n") + 1;
    const box = make("div", "code");
    if (found[2]) box.append(make("div", "role", found[2]));
    drawStretch(box, "pre", "text", text, marks, start, start + found[3].replace(/\n$/, "").length);
    parent.append(box);
    at = found.index + found[0].length;
  }
  if (at < text.length) drawStretch(parent, "div", "text", text, marks, at);
}

function drawStretch(parent, tag, className, text, marks, from = 0, to = text.length) {
  const body = make(tag, className);
  writeMarked(body, text, marks, from, to);
  parent.append(body);
}

// One bubble a message; `spans` holds the marked stretches by the message's index.
function drawMessages(parent, messages, spans) {
  messages.forEach((message, index) => {
    const role = String(message.role ?? "");
    const bubble = make("div", `bubble ${ROLES.includes(role) ? role : "other"}`);
    // A named section would be a landmark, and a conversation has many turns of one role.
    bubble.setAttribute("role", "group");
    bubble.setAttribute("aria-label", `${role} message`);
    const about = [role, message.name, message.tool_call_id && `answers ${message.tool_call_id}`].filter(Boolean);
    bubble.append(make("div", "role", about.join(" · ")));
    const calls = callsOf(message);
    const text = textOf(message.content);
    if (text !== "" || !calls.length) drawText(bubble, text, spans?.[index]);
    drawParts(bubble, message.content);
    for (const call of calls) drawCall(bubble, call);
    drawRest(bubble, message);
    parent.append(bubble);
  });
}

// Tool calls in the shapes of OpenAI (new and old) and of content parts.
function callsOf(message) {
  const parts = Array.isArray(message.content) ? message.content.filter((part) => part?.type === "tool_use") : [];
  const given = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  const old = message.function_call ? [message.function_call] : [];
  return [...given, ...old, ...parts].map((call) => {
    const inner = call?.function ?? call ?? {};
    return { name: inner.name ?? "?", id: call?.id, text: argumentsOf(inner.arguments ?? inner.input) };
  });
}

function argumentsOf(value) {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

function drawCall(parent, { name, id, text }) {
  const box = make("div", "call");
  const head = make("div", "row");
  head.append(make("span", "role", "calls"), make("code", "", name));
  if (id) head.append(make("span", "faint", id));
  box.append(head);
  if (text) drawText(box, text);
  parent.append(box);
}

// Parts that are no text and no call: pictures, sounds, results of tools. They are named, never fetched.
function drawParts(parent, content) {
  if (!Array.isArray(content)) return;
  for (const part of content) {
    if (typeof part === "string" || typeof part?.text === "string" || part?.type === "tool_use") continue;
    const box = make("div", "call");
    box.append(make("div", "role", String(part?.type ?? "part")));
    drawText(box, JSON.stringify(part));
    parent.append(box);
  }
}

function drawRest(parent, message) {
  for (const [name, value] of Object.entries(message)) {
    if (DRAWN.includes(name) || value === null || value === "") continue;
    parent.append(make("div", "faint rest", `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`));
  }
}
