"""The README of the sample data: what the files are and how many of each fault they hold, counted from the key."""

from collections import Counter
from collections.abc import Sequence

DESCRIPTIONS = {
    "exact-duplicate": "a line of another example, byte for byte (`of_line`)",
    "near-duplicate": "another example (`of_line`), its question edited: case, typo, synonym, append, reorder, drop",
    "conflicting-answer": "the question of another example (`of_line`) with a different answer or different labels",
    "wrong-label": "a ticket with one label that its text contradicts; a third is a batch where radios became urgent",
    "key-style": "other keys: camelCase of an old export of the mail channel (the majority there), or a third style",
    "broken-json": "labels that are no JSON: cut, single quotes, missing comma, trailing comma, bare keys",
    "truncated": "a reply that stops in the middle of its sentence",
    "empty": "an answer of nothing or white space",
    "placeholder": "an answer such as TODO or N/A",
    "refusal": "an answer that refuses an ordinary question",
    "off-topic": "an example that has nothing to do with the help desk",
    "wrong-language": "an English question answered in German, French or Spanish",
    "mojibake": "UTF-8 read as Windows-1252, in the question or the answer",
    "personal-data": "invented e-mail address, phone number, card number or IBAN",
    "html": "markup that would run in a browser",
    "formula": "a question or an answer that starts with a formula which a spreadsheet would run",
    "gap": "a production query of a topic that the training examples lack",
}


def readme_text(tasks: Sequence[str], key: Sequence[dict[str, object]], production: int, general: int) -> str:
    """Write the README from what was generated."""
    counts = Counter(str(row["fault"]) for row in key)
    faulty = sum(count for fault, count in counts.items() if fault != "gap")
    rows = "\n".join(f"| {fault} | {counts[fault]} | {text} |" for fault, text in DESCRIPTIONS.items())
    of_task = Counter(tasks)
    return f"""# Sample data

The help desk of Moorfern, an invented company that sells six things for the home. Everything here is generated:
`python -m sample_data.generator` writes these files again, byte for byte. No real person, company or product is meant;
personal data are of reserved domains, numbers and test ranges.

| File | Lines | What |
| --- | --- | --- |
| `train.jsonl` | {len(tasks)} | training examples as chat messages, with the faults below |
| `production.jsonl` | {production} | what customers asked in production: `{{"prompt": ...}}` |
| `general.jsonl` | {general} | general instruction examples in the Alpaca format |
| `answer_key.jsonl` | {len(key)} | each planted fault: file, line, fault, details |

Two tasks: **ticket** ({of_task["ticket"]} lines; `Ticket by mail: ...` to a JSON object of intent, product, urgency and
sentiment) and **reply** ({of_task["reply"]} lines; a question to an answer in the house voice: greeting by name, one
sentence, farewell). About one example in sixteen has several turns. {len(tasks) - faulty} lines
are clean, {faulty} are faulty.

## Planted faults

| Fault | Number | What |
| --- | --- | --- |
{rows}

## Base model

`base_model/` holds the tiny base model, made by `python -m sample_data.pretraining` from text that this repository
generates: an English small world, notes, letters, lists and copies, never these tasks, names or keys.
`base_model/training_defaults.json` holds the training settings that were chosen for it on validation data.
"""
