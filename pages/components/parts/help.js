// The keys of a card, in a dialog that `?` opens and closes.

function makeHelp(keysOfCard, words) {
  const help = make("dialog", "help");
  help.setAttribute("aria-label", "Keys");
  const list = make("div", "keys");
  for (const { shown, does } of keysOfCard) {
    const keys = make("span", "row");
    keys.append(...shown.split(" ").map((key) => make("kbd", "", key)));
    list.append(keys, make("span", "", does));
  }
  const close = button("Close", "", () => help.close(), "Esc");
  help.append(make("strong", "", "Keys"), list, make("p", "faint", words), close);
  help.addEventListener("keydown", (event) => {
    // A moment after it was closed the focus is still in it: what is pressed then is meant for the card.
    if (!help.open) return;
    event.stopPropagation();
    if (event.key !== "?") return;
    event.preventDefault();
    help.close();
  });
  return help;
}
