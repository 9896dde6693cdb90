// Writing within the card: an edit in place, a note, where to go. Escape gives up, Ctrl+Enter saves.

function openForm(view, fields, label, save, where = "prepend") {
  view.editing = true;
  const close = () => {
    view.editing = false;
    draw(view);
    view.body.focus();
  };
  const done = () => {
    view.editing = false;
    if (save() === false) close();
  };
  const row = make("div", "row buttons");
  row.append(button(label, "chosen", done, "Ctrl ⏎"), button("Cancel", "", close, "Esc"));
  view.body[where](...fields.map((field) => field.box), row);
  for (const { field } of fields) {
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || field.tagName === "INPUT")) done();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  fields[fields.length - 1]?.field.focus();
}

function makeField(tag, title, value = "") {
  const box = make("label", "field");
  const field = make(tag);
  field.value = value;
  box.append(make("div", "role", title), field);
  return { box, field };
}

function editCard(view) {
  const card = view.card;
  if (!card || view.editing) return;
  if (Object.keys(card.cut ?? {}).length) {
    loadWhole(view, card, () => editCard(view));
    return;
  }
  const texts = card.messages.map((message) => textOf(message.content));
  const fields = card.messages.map((message, index) => {
    const made = makeField("textarea", message.role, texts[index]);
    made.field.rows = Math.min(Math.max(texts[index].split("\n").length + Math.ceil(texts[index].length / 110), 2), 18);
    return made;
  });
  view.body.replaceChildren();
  openForm(view, fields, "Save as a new example", () => {
    // What is no plain text, and was not touched, stays as it is.
    const messages = card.messages.map((message, index) =>
      fields[index].field.value === texts[index] ? message : { ...message, content: fields[index].field.value },
    );
    if (messages.every((message, index) => message === card.messages[index])) return false;
    view.decide("edit", { messages });
    return true;
  }, "append");
}

function writeNote(view) {
  if (!view.card || view.editing) return;
  const made = makeField("textarea", "A note on this example");
  openForm(view, [made], "Save the note", () => {
    const note = made.field.value.trim();
    if (!note) return false;
    view.decide("note", { note });
    return true;
  });
}

function askWhere(view) {
  if (view.editing) return;
  const made = makeField("input", "Go to a number of this queue, or to an example's id");
  made.field.autocomplete = "off";
  openForm(view, [made], "Go there", () => {
    const where = made.field.value.trim();
    if (!where) return false;
    draw(view);
    view.body.focus();
    view.jump(where);
    return true;
  });
}

// Fetch what was cut off long messages.
function loadWhole(view, card, then) {
  say(view, "Loading the whole text …", true);
  view.ask("whole", { example_id: card.example_id }, (answer) => {
    if (answer.error) return say(view, answer.error, true);
    Object.assign(card, { messages: answer.card.messages, cut: {} });
    if (view.card !== card) return;
    draw(view);
    then?.();
  });
}
