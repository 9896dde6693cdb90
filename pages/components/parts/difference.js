// Differences word by word: the longest common subsequence of words and blanks.

const LONGEST_DIFFERENCE = 1200; // words a side; the table has the product of both sides in it
const LEAST_SHARED = 0.4; // of the longer text's letters; below, marking every word says less than the text itself

function wordsOf(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

// Returns [[kind, text], …] with kind "same", "gone" (only in `before`) or "new" (only in `after`);
// null where the texts are too long to compare here.
function wordDifference(before, after) {
  const a = wordsOf(before);
  const b = wordsOf(after);
  if (a.length > LONGEST_DIFFERENCE || b.length > LONGEST_DIFFERENCE) return null;
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] =
        a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const parts = [];
  const add = (kind, text) => {
    if (parts.length && parts[parts.length - 1][0] === kind) parts[parts.length - 1][1] += text;
    else parts.push([kind, text]);
  };
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      add("same", a[i]);
      i += 1;
      j += 1;
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
      add("gone", a[i++]);
    } else {
      add("new", b[j++]);
    }
  }
  while (i < a.length) add("gone", a[i++]);
  while (j < b.length) add("new", b[j++]);
  return parts;
}

function drawDifference(parent, before, after) {
  const body = make("div", "text");
  const parts = wordDifference(before, after);
  const shared = (parts ?? []).reduce((sum, [kind, text]) => sum + (kind === "same" ? text.trim().length : 0), 0);
  if (parts === null || shared < LEAST_SHARED * Math.max(before.length, after.length)) {
    body.textContent = after;
    parent.append(body, make("div", "faint", parts === null ? "Too long to mark the differences." : "Mostly different words."));
    return;
  }
  for (const [kind, text] of parts) {
    if (kind === "same") body.append(text);
    else body.append(make(kind === "gone" ? "del" : "ins", "", text));
  }
  if (!parts.length) body.append(make("em", "faint", "empty"));
  parent.append(body);
}
