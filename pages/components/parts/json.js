// JSON as people read it: indented, and where it is broken, the place and the reason.

// null: does not look like JSON. Else whether it parses, and the same literals indented: numbers and repeated
// keys stay exactly as they were written, which parsing and printing again would not keep.
function jsonOf(text) {
  const trimmed = text.trim();
  if (!/^(\{\s*["}]|\{[^{}]*:[^{}]*\}$|\[\s*[[{"]|\[[^\]]*\]$)/.test(trimmed)) return null;
  try {
    JSON.parse(trimmed);
  } catch {
    const fault = jsonFault(text);
    const before = text.slice(0, fault.at);
    const line = before.split("\n").length;
    return { valid: false, ...fault, line, column: Array.from(before.slice(before.lastIndexOf("\n") + 1)).length + 1 };
  }
  return { valid: true, text: indentJson(trimmed) };
}

// The first place at which a text stops being JSON, and why.
function jsonFault(text) {
  let at = 0;
  const fail = (reason) => {
    throw { at, reason: at >= text.length ? "the text ends too early" : reason };
  };
  const blanks = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  };
  const string = () => {
    const found = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
    found.lastIndex = at;
    const start = at;
    at += (found.exec(text) ?? [""])[0].length;
    if (text[at] === '"' && at > start) at += 1;
    else fail(text[at] === "\\" ? "this is no escape of JSON" : "a line break or control character stands inside the quotes");
  };
  const members = (close, member) => {
    at += 1;
    blanks();
    if (text[at] === close) return void (at += 1);
    for (;;) {
      member();
      blanks();
      if (text[at] === close) return void (at += 1);
      if (text[at] !== ",") fail(`a comma or ${close} is missing`);
      at += 1;
      blanks();
      if (text[at] === close) fail(`a comma stands before ${close}`);
    }
  };
  const value = () => {
    blanks();
    const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
    literal.lastIndex = at;
    const found = literal.exec(text);
    if (found) at += found[0].length;
    else if (text[at] === '"') string();
    else if (text[at] === "[") members("]", value);
    else if (text[at] === "{") {
      members("}", () => {
        if (text[at] !== '"') fail("a name in double quotes is missing");
        string();
        blanks();
        if (text[at] !== ":") fail("a colon is missing");
        at += 1;
        value();
      });
    } else fail(text[at] === "'" ? "JSON has double quotes" : "this is no value of JSON");
  };
  try {
    value();
    blanks();
    if (at < text.length) fail("the JSON is over, and more text follows");
  } catch (fault) {
    if (fault instanceof RangeError) return { at, reason: "it is nested too deeply" };
    return fault;
  }
  return { at, reason: "it cannot be read" };
}

function indentJson(source) {
  let indent = 0;
  let made = "";
  const line = () => "\n" + "  ".repeat(indent);
  let last = "";
  for (const token of source.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []) {
    if (token === "}" || token === "]") {
      indent -= 1;
      made += last === "{" || last === "[" ? token : line() + token;
    } else {
      if (last === "{" || last === "[" || last === ",") made += line();
      made += token === ":" ? ": " : token;
      if (token === "{" || token === "[") indent += 1;
    }
    last = token;
  }
  return made;
}
