"""Projects as earlier workbenches left them: rows written by plain SQL, in the columns that the tables had then.

Three training lines (a, b, c), one production query (p), one rejected line. Since decisions: "a" was dropped, that was
undone, and it was kept; "b" was edited into "d". Since versions: a trains, c validates, d is the sealed test.
"""

import json
from pathlib import Path

import duckdb

from workbench.project import DATABASE
from workbench.store.database import Transaction
from workbench.store.migrations import Migration

# The number of the step that brought each table.
FILLED = {"examples": 1, "decisions": 2, "quality": 3, "versions": 4, "runs": 5}

_WHEN = "TIMESTAMP '2026-01-02 03:04:05'"


def _example(name: str, prompt: str, completion: str, parent: str | None = None) -> str:
    messages = [{"role": "user", "content": prompt}]
    if completion:
        messages.append({"role": "assistant", "content": completion})
    parent_id = f"'{parent}'" if parent else "NULL"
    return (
        "INSERT INTO examples (example_id, messages, system, prompt, completion, turns, tokens, parent_id, added_at)"
        f" VALUES ('{name}', '{json.dumps(messages)}', '', '{prompt}', '{completion}', 1, 4, {parent_id}, {_WHEN})"
    )


def _occurrence(name: str, role: str, line: int) -> str:
    return (
        "INSERT INTO occurrences (example_id, import_id, role, source, file, line, raw, metadata) VALUES"
        f" ('{name}', {1 if role == 'train' else 2}, '{role}', 'desk', '{role}.jsonl', {line}, '{{}}', '{{}}')"
    )


_IMPORT = (
    "INSERT INTO imports (import_id, role, source, format, file, file_hash, lines, accepted, rejected, mapping,"
    " imported_at) VALUES ({number}, '{role}', 'desk', 'chat', '{role}.jsonl', 'h', {lines}, {accepted}, {rejected},"
    f" '{{{{}}}}', {_WHEN})"
)
_DECISION = (
    "INSERT INTO decisions (decision_id, batch, example_id, action, reviewer, decided_at, note, origin,"
    " replacement_id, undoes, session, sequence) VALUES "
)

ROWS: dict[int, list[str]] = {
    1: [
        _IMPORT.format(number=1, role="train", lines=4, accepted=3, rejected=1),
        _IMPORT.format(number=2, role="production", lines=1, accepted=1, rejected=0),
        _example("a", "q one", "x"),
        _example("b", "q two", "y"),
        _example("c", "q three", "w"),
        _example("p", "asked", ""),
        *[_occurrence(name, "train", line) for line, name in enumerate("abc", start=1)],
        _occurrence("p", "production", 1),
        'INSERT INTO rejected (import_id, role, source, file, line, "column", reason, remedy, raw) VALUES'
        " (1, 'train', 'desk', 'train.jsonl', 4, 2, 'no JSON', 'mend it', '{broken')",
    ],
    2: [
        f"{_DECISION} (1, 1, 'a', 'drop', 'ada', {_WHEN}, 'short', 'person', NULL, NULL, NULL, NULL)",
        f"{_DECISION} (2, 2, NULL, 'undo', 'ada', {_WHEN}, NULL, 'person', NULL, 1, NULL, NULL)",
        f"{_DECISION} (3, 3, 'a', 'keep', 'ben', {_WHEN}, NULL, 'person', NULL, NULL, 's', 1)",
        _example("d", "q two", "better", "b"),
        "INSERT INTO occurrences (example_id, import_id, role, source, file, line, raw, metadata) VALUES"
        " ('d', 1, 'train', 'desk', 'train.jsonl', 2, NULL, '{}')",
        f"{_DECISION} (4, 4, 'b', 'edit', 'ada', {_WHEN}, NULL, 'person', 'd', NULL, NULL, NULL),"
        f" (5, 4, 'b', 'drop', 'ada', {_WHEN}, 'replaced by an edit', 'person', NULL, NULL, NULL, NULL),"
        f" (6, 4, 'd', 'keep', 'ada', {_WHEN}, 'edited', 'person', NULL, NULL, NULL, NULL)",
    ],
    3: [
        "INSERT INTO stages (stage, fingerprint, settings, figures, seconds, finished_at) VALUES"
        f" ('quality', 'f', '{{}}', '{{}}', 1.5, {_WHEN}),"
        f" ('coverage', 'f', '{{}}', '{{\"coverage\": 0.5}}', 1, {_WHEN})",
        "INSERT INTO duplicates (group_id, example_id, representative_id, kind, similarity) VALUES"
        " ('g', 'a', 'a', 'near', 1.0), ('g', 'c', 'a', 'near', 0.9)",
        "INSERT INTO duplicate_pairs (example_a, example_b, kind, similarity, guarded, guard) VALUES"
        " ('a', 'c', 'near', 0.9, false, NULL)",
        'INSERT INTO scores (example_id, scorer, score, reason, start, "end") VALUES'
        " ('a', 'length', 0.4, 'short', 0, 1)",
        "INSERT INTO quality (example_id, quality, suggestion, cause, reason) VALUES"
        " ('a', 0.9, 'keep', 'good', 'fine'), ('c', 0.2, 'drop', 'length', 'short')",
        "INSERT INTO conflicts (group_id, example_id, kind, detail) VALUES ('k', 'a', 'answers', 'differ'),"
        " ('k', 'c', 'answers', 'differ')",
        "INSERT INTO personal_data (example_id, kind, start, \"end\", message_index) VALUES ('c', 'e-mail', 0, 3, 0)",
        "INSERT INTO clusters (example_id, cluster_id, title, x, y) VALUES ('a', 0, 'one', 0, 0),"
        " ('c', 1, 'two', 1, 1), ('p', 1, 'two', 1, 2)",
        "INSERT INTO gaps (cluster_id, title, train_count, production_count, production_volume, train_share,"
        " production_share, ratio, low, high, q_value, collect, examples) VALUES"
        " (1, 'two', 1, 1, 1, 0.3, 1, 3, 2, 4, 0.01, 5, '[]')",
    ],
    4: [
        "INSERT INTO versions (number, version, name, settings, certificate, notes, created_at) VALUES"
        f" (1, 'v1', 'version 1', '{{\"seed\": 0}}', '{{\"passed\": true, \"closest\": []}}', '[]', {_WHEN})",
        "INSERT INTO version_members (number, example_id, split, group_id, included) VALUES"
        " (1, 'a', 'train', 'g', true), (1, 'c', 'validation', 'h', true), (1, 'd', 'test', 'i', true)",
        "INSERT INTO exports (version, format, folder, manifest, exported_at) VALUES"
        f" ('v1', 'chat', '/somewhere', '{{}}', {_WHEN})",
    ],
    5: [
        "INSERT INTO runs (run_id, version, data, base, method, settings, train_examples, validation_examples,"
        f" created_at) VALUES ('run-0001', 'v1', 'curated', 'tiny', 'lora', '{{}}', 1, 1, {_WHEN})",
        "INSERT INTO evaluations (evaluation, version, split, variants, runs, settings, examples, created_at) VALUES"
        " ('evaluation-0001', 'v1', 'validation', '[\"base\", \"tuned\"]', '{\"tuned\": \"run-0001\"}',"
        f" '{{\"few_shot\": 3}}', 1, {_WHEN})",
        "INSERT INTO outputs (evaluation, run_id, variant, example_id, text, seconds) VALUES"
        " ('evaluation-0001', NULL, 'base', 'c', 'answer', 0.1)",
        "INSERT INTO metrics (evaluation, run_id, variant, metric, value, low, high, n, method) VALUES"
        " ('evaluation-0001', NULL, 'base', 'bleu', 1, 0, 2, 1, 'bootstrap')",
        f"INSERT INTO looks (evaluation, version, who, why, looked_at) VALUES ('e', 'v1', 'ada', 'final', {_WHEN})",
        'INSERT INTO comparisons (comparison_id, evaluation, example_id, rater, "left", "right", position,'
        f" drawn_at) VALUES ('k1', 'evaluation-0001', 'c', 'ada', 'base', 'tuned', 0, {_WHEN})",
        "INSERT INTO rating_events (rating_id, comparison_id, rater, choice, note, session, sequence, rated_at) VALUES"
        f" (1, 'k1', 'ada', 'left', NULL, 's', 1, {_WHEN})",
    ],
}


def write_project(folder: Path, schema: int, migrations: tuple[Migration, ...]) -> Path:
    """Make a project folder whose database has gone through the first `schema` steps, filled after each of them."""
    for part in ("runs", "evaluations", "exports", "cache"):
        (folder / part).mkdir(parents=True)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER, name VARCHAR, applied_at TIMESTAMP)")
        for number, step in enumerate(migrations[:schema], start=1):
            step(Transaction(connection))
            connection.execute(f"INSERT INTO migrations VALUES ({number}, '{step.__name__}', {_WHEN})")
            for statement in ROWS.get(number, ()):
                connection.execute(statement)
    return folder
