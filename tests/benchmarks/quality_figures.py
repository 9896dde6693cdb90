"""What the detectors find: on public data that people labelled, and on the faults planted in the sample data.

    python -m tests.benchmarks.quality_figures [alpaca] [personal] [language] [labels] [answer-key]

Nothing named: all of them. See `public_data.py` for where the data is looked for.
"""

import gzip
import importlib
import importlib.util
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.duplicates.find import duplicate_texts, find_duplicates
from pipelines.examples import examples_frame
from pipelines.quality.conflicts import MAJORITY, find_conflicts
from pipelines.quality.labels import label_probabilities
from pipelines.quality.language import identify_languages
from pipelines.quality.personal_data import find_personal_data
from pipelines.quality.score import score_examples
from pipelines.quality.settings import ConflictSettings
from tests.benchmarks.public_data import conversation, file_of, rows_of, tell, vectors_of

SAMPLE = Path(__file__).parents[2] / "sample_data"
ENTITY_KINDS = {
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "e-mail",
    "IBAN_CODE": "iban",
    "US_SSN": "social security number",
    "IP_ADDRESS": "ip address",
}
# By number of speakers, as far as the sentences cover them.
SPOKEN = [
    "ar",
    "bn",
    "cs",
    "de",
    "el",
    "en",
    "es",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "sw",
    "ta",
    "th",
    "tr",
    "uk",
    "ur",
    "vi",
    "zh",
]
FAULT_SCORERS = {
    "empty": "empty",
    "placeholder": "placeholder",
    "refusal": "refusal",
    "truncated": "truncated",
    "broken-json": "broken_json",
    "key-style": "key_style",
    "off-topic": "off_topic",
    "wrong-language": "language",
    "mojibake": "encoding",
    "html": "script",
    "formula": "formula",
}


def alpaca() -> None:
    """Count which of the documented pattern defects are found by name, and how many other rows are flagged."""
    rows = rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    patterns = {row["row_id"]: row["patterns"] for row in rows_of("alpaca/pattern_defects.jsonl")}
    documented = {row["row_id"] for row in rows_of("alpaca/documented_defects.jsonl")}
    examples = examples_frame(
        [conversation("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"]) for row in rows]
    )
    ids = dict(zip((row["row_id"] for row in rows), examples["example_id"], strict=True))
    began = time.process_time()
    findings = score_examples(examples).findings
    seconds = time.process_time() - began
    flagged = set(findings["example_id"])
    classes: dict[str, list[int]] = defaultdict(list)
    for row_id, names in patterns.items():
        for name in names:
            if row_id in ids:
                classes[name].append(row_id)
    table = [
        (name, len(members), sum(ids[row] in flagged for row in members)) for name, members in sorted(classes.items())
    ]
    others = {example for row, example in ids.items() if row not in patterns and row not in documented}
    share = len(flagged & others) / len(others)
    by_scorer = Counter(findings.filter(pl.col("example_id").is_in(list(others)))["scorer"])
    table.append((f"all other rows ({share:.1%} flagged)", len(others), len(flagged & others)))
    tell(
        "Alpaca pattern defects",
        ("class", "rows", "flagged"),
        table,
        {
            "found": {name: [found, count] for name, count, found in table[:-1]},
            "others_flagged": share,
            "others_by_scorer": dict(by_scorer.most_common()),
            "rows": len(rows),
            "cpu_seconds": round(seconds, 2),
            "cpu_minutes_a_million": round(seconds / len(rows) * 1e6 / 60, 1),
        },
    )


def personal() -> None:
    """Span F1 of the kinds that patterns can find, borders exact."""
    rows = rows_of("pii_synthetic/synth_dataset_v2.jsonl.gz")
    examples = examples_frame([conversation(row["full_text"], f"Noted as {place}.") for place, row in enumerate(rows)])
    place_of = {example: place for place, example in enumerate(examples["example_id"])}
    began = time.process_time()
    spans = find_personal_data(examples).personal_data
    seconds = time.process_time() - began
    found = {
        (place_of[row["example_id"]], row["kind"], row["start"], row["end"]) for row in spans.iter_rows(named=True)
    }
    true = {
        (place, ENTITY_KINDS[span["entity_type"]], span["start_position"], span["end_position"])
        for place, row in enumerate(rows)
        for span in row["spans"]
        if span["entity_type"] in ENTITY_KINDS
    }
    table = []
    for kind in sorted({span[1] for span in found | true}):
        mine, wanted = ({span for span in spans if span[1] == kind} for spans in (found, true))
        table.append((kind, len(wanted), len(mine), *_scores(len(mine & wanted), len(mine), len(wanted))))
    total = _scores(len(found & true), len(found), len(true))
    table.append(("all", len(true), len(found), *total))
    tell(
        "Personal data on pii_synthetic, exact spans",
        ("kind", "true", "found", "precision", "recall", "F1"),
        table,
        {"precision": total[0], "recall": total[1], "f1": total[2], "cpu_seconds": round(seconds, 2)},
    )


def language() -> None:
    """Accuracy of language identification, codes as they are, no family counted as one."""
    rows = [row for row in rows_of("language_id/sentences_half_a.jsonl.gz") if len(row["text"]) >= 30]
    spoken = [row for row in rows if row["lang"] in SPOKEN]
    began = time.process_time()
    answers = identify_languages(pl.Series([row["text"] for row in spoken]))
    seconds = time.process_time() - began
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    sure = [0, 0]
    for row, answer in zip(spoken, answers, strict=True):
        hit = answer is not None and answer[0] == row["lang"]
        right[row["lang"]] += hit
        if not hit:
            wrong[f"{row['lang']}>{answer[0] if answer else '-'}"] += 1
        if answer is not None and answer[1] >= 0.7:
            sure[0] += hit
            sure[1] += 1
    count = Counter(row["lang"] for row in spoken)
    worst = sorted(count, key=lambda lang: right[lang] / count[lang])[:8]
    tell(
        f"Languages: {len(count)} of the widely spoken ones, 30 characters or more",
        ("language", "rows", "right"),
        [("all", len(spoken), right.total() / len(spoken)), *((x, count[x], right[x] / count[x]) for x in worst)],
        {
            "accuracy": right.total() / len(spoken),
            "where_sure": sure[0] / max(sure[1], 1),
            "sure_share": sure[1] / len(spoken),
            "microseconds_a_row": round(seconds / len(spoken) * 1e6),
            "confused": dict(wrong.most_common(8)),
        },
    )


def labels() -> None:
    """Average precision of planted label noise on clinc150 (three seeds); AUROC on two sets that workers looked at."""
    rows = [row for row in rows_of("clinc150/clinc150.jsonl.gz") if row["split"] == "train"]
    intents = sorted({row["intent"] for row in rows} - {"oos"})[:75]
    rows = [row for row in rows if row["intent"] in set(intents)]
    texts = [row["text"] for row in rows]
    vectors = vectors_of(texts)
    true = np.array([intents.index(row["intent"]) for row in rows])
    table = []
    for seed in range(3):
        random = np.random.default_rng(seed)
        given = true.copy()
        for row in random.choice(len(rows), len(rows) // 20, replace=False):
            given[row] = _confusable(int(row), vectors, true)
        probabilities = label_probabilities(texts, vectors, given, len(intents), ConflictSettings())
        own = probabilities[np.arange(len(rows)), given]
        rest = probabilities.copy()
        rest[np.arange(len(rows)), given] = -1
        table.append(
            (f"clinc150, 5 % confusable, seed {seed}", _average_precision(rest.max(axis=1) - own, given != true))
        )
    tell(
        "Planted label noise",
        ("data", "average precision"),
        table,
        {"average_precision": [value for _, value in table], "rows": len(rows)},
    )


def answer_key() -> None:
    """Recall and precision of every planted fault kind of the sample data, through the stages with vectors."""
    lines = (SAMPLE / "train.jsonl").read_text(encoding="utf-8").splitlines()
    examples = examples_frame([json.loads(line)["messages"] for line in lines])
    ids = examples["example_id"].to_list()
    faults: dict[str, set[str]] = defaultdict(set)
    for line in (SAMPLE / "answer_key.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["file"] == "train.jsonl":
            faults[entry["fault"]].add(ids[entry["line"] - 1])
            if entry["fault"] == "conflicting-answer":
                faults["conflict-partner"].add(ids[entry["details"]["of_line"] - 1])
    prompts, completions = vectors_of(examples["prompt"]), vectors_of(examples["completion"])
    findings = score_examples(examples, vectors=prompts, completion_vectors=completions).findings
    found = {
        fault: set(findings.filter(pl.col("scorer") == scorer)["example_id"]) for fault, scorer in FAULT_SCORERS.items()
    }
    conflicts = find_conflicts(examples, prompt_vectors=prompts).conflicts
    sides = conflicts.filter((pl.col("kind") == "answers") & ~pl.col("detail").str.starts_with(MAJORITY))
    found["conflicting-answer"] = set(sides["example_id"])
    found["wrong-label"] = set(conflicts.filter(pl.col("kind") == "label")["example_id"])
    found["personal-data"] = set(find_personal_data(examples).personal_data["example_id"])
    groups = find_duplicates(examples, vectors=vectors_of(duplicate_texts(examples))).duplicates
    # What is the same but for case and blanks is an exact duplicate to the workbench, and a near one to the answer key.
    found["near-duplicate"] = set(groups.filter(pl.col("kind") != "semantic")["example_id"])
    also = {
        "wrong-label": {"conflicting-answer"},
        "conflicting-answer": {"conflict-partner"},
        "near-duplicate": {"exact-duplicate", "near-duplicate-partner"},
    }
    for line in (SAMPLE / "answer_key.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["fault"] == "near-duplicate":
            faults["near-duplicate-partner"].add(ids[entry["details"]["of_line"] - 1])
    table = []
    for fault in sorted(found):
        planted = faults[fault]
        right = planted.union(*(faults[other] for other in also.get(fault, ())))
        recall = len(found[fault] & planted) / max(len(planted), 1)
        precision = len(found[fault] & right) / max(len(found[fault]), 1)
        table.append((fault, len(planted), len(found[fault]), recall, precision))
    counted = Counter(ids)
    repeated = {example for example in faults["exact-duplicate"] if counted[example] > 1}
    exact = set(groups.filter(pl.col("kind") == "exact")["example_id"])
    caught = len(faults["exact-duplicate"] & (exact | repeated)) / max(len(faults["exact-duplicate"]), 1)
    table.append(("exact-duplicate", len(faults["exact-duplicate"]), len(exact | repeated), caught, float("nan")))
    # None is planted: these say the same in other words, and are for review.
    semantic = int((groups["kind"] == "semantic").sum())
    table.append(("semantic duplicates", 0, semantic, float("nan"), float("nan")))
    tell(
        "Sample data against its answer key",
        ("fault", "planted", "found", "recall", "precision"),
        table,
        {row[0]: {"recall": round(row[3], 4), "precision": round(row[4], 4)} for row in table[:-2]},
    )


def label_errors() -> None:
    """AUROC of given against agreed label on rows that workers looked at, by our margin and by cleanlab's scores.

    cleanlab chose these rows itself, by a margin: all look wrong by ours too. Its scores are left out where it is
    not installed; the interval is of their difference to ours, rows drawn again 2,000 times.
    """
    table = []
    for name in ("20news", "mnist"):
        given = np.load(file_of(f"label_errors/{name}_test_set_original_labels.npy"))
        with gzip.open(file_of(f"label_errors/{name}_test_set_pyx.npy.gz")) as stream:
            probabilities = np.load(stream)
        votes = rows_of(f"label_errors/{name}_mturk.jsonl")
        rows = np.array([row["id"] for row in votes])
        wrong = np.array([row["mturk"]["given"] < 3 and row["mturk"].get("both", 0) < 3 for row in votes])
        own = probabilities[rows, given[rows]]
        rest = probabilities[rows].copy()
        rest[np.arange(len(rows)), given[rows]] = -1
        margin = rest.max(axis=1) - own
        table.append(
            (name, len(rows), int(wrong.sum()), "margin, ours", _auroc(margin, wrong), float("nan"), float("nan"))
        )
        if not importlib.util.find_spec("cleanlab"):
            continue
        ranked = importlib.import_module("cleanlab.rank").get_label_quality_scores
        for method in ("normalized_margin", "self_confidence"):
            theirs = -ranked(given, probabilities, method=method, adjust_pred_probs=False)[rows]
            low, high = _difference(theirs, margin, wrong)
            table.append((name, len(rows), int(wrong.sum()), f"cleanlab {method}", _auroc(theirs, wrong), low, high))
    tell(
        "Rows that workers looked at",
        ("data", "rows", "given label refused", "score", "AUROC", "ahead of ours, low", "high"),
        table,
        {f"{row[0]} {row[3]}": round(float(row[4]), 4) for row in table},
    )


def _difference(one: np.ndarray, other: np.ndarray, wrong: np.ndarray) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    drawn = []
    while len(drawn) < 2_000:
        rows = generator.integers(len(wrong), size=len(wrong))
        if 0 < wrong[rows].sum() < len(rows):
            drawn.append(_auroc(one[rows], wrong[rows]) - _auroc(other[rows], wrong[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _confusable(row: int, vectors: np.ndarray, true: np.ndarray) -> int:
    """Return the label of the nearest row of another label: the mistake that a person would make."""
    cosines = vectors @ vectors[row]
    cosines[true == true[row]] = -2
    return int(true[int(cosines.argmax())])


def _scores(hits: int, found: int, true: int) -> tuple[float, float, float]:
    precision, recall = hits / max(found, 1), hits / max(true, 1)
    return precision, recall, 2 * hits / max(found + true, 1)


def _average_precision(score: np.ndarray, wrong: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(wrong, score))


def _auroc(score: np.ndarray, wrong: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(wrong, score))


PARTS: dict[str, Callable[[], None]] = {
    "alpaca": alpaca,
    "personal": personal,
    "language": language,
    "labels": labels,
    "label-errors": label_errors,
    "answer-key": answer_key,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
