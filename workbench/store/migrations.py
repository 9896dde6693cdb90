"""The schema, as numbered steps; each runs once, all that are due in one transaction that also records them.

Append a new function to `MIGRATIONS`; never change one that was released. A file of an earlier schema is copied before
it is changed, so that an earlier workbench can open the copy.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pipelines.errors import CurationError
from workbench.store import later_migrations as later
from workbench.store.database import Database, Transaction

Migration = Callable[[Transaction], None]


def examples_and_where_they_came_from(transaction: Transaction) -> None:
    """Imports, examples, their occurrences, and the lines that could not be read."""
    for statement in (
        "CREATE TABLE imports (import_id INTEGER, role VARCHAR, source VARCHAR, format VARCHAR, file VARCHAR,"
        " file_hash VARCHAR, lines BIGINT, accepted BIGINT, rejected BIGINT, mapping VARCHAR, imported_at TIMESTAMP)",
        "CREATE TABLE examples (example_id VARCHAR, messages VARCHAR, system VARCHAR, prompt VARCHAR,"
        " completion VARCHAR, turns INTEGER, tokens INTEGER, parent_id VARCHAR, added_at TIMESTAMP)",
        "CREATE TABLE occurrences (example_id VARCHAR, import_id INTEGER, role VARCHAR, source VARCHAR, file VARCHAR,"
        " line BIGINT, raw VARCHAR, metadata VARCHAR)",
        "CREATE TABLE rejected (import_id INTEGER, role VARCHAR, source VARCHAR, file VARCHAR, line BIGINT,"
        ' "column" BIGINT, reason VARCHAR, remedy VARCHAR, raw VARCHAR)',
    ):
        transaction.execute(statement)


def decisions_of_people(transaction: Transaction) -> None:
    """Decisions are only ever appended; the state of an example is a view of them."""
    for statement in (
        "CREATE TABLE decisions (decision_id BIGINT, batch BIGINT, example_id VARCHAR, action VARCHAR,"
        " reviewer VARCHAR, decided_at TIMESTAMP, note VARCHAR, origin VARCHAR, replacement_id VARCHAR,"
        " undoes BIGINT, session VARCHAR, sequence BIGINT)",
        "CREATE VIEW live_decisions AS SELECT * FROM decisions WHERE action <> 'undo' AND batch NOT IN"
        " (SELECT undoes FROM decisions WHERE action = 'undo')",
        "CREATE VIEW decided AS SELECT example_id, arg_max(CASE action WHEN 'keep' THEN 'kept' WHEN 'drop' THEN"
        " 'dropped' WHEN 'flag' THEN 'flagged' ELSE 'pending' END, decision_id) AS state"
        " FROM live_decisions WHERE action IN ('keep', 'drop', 'flag', 'pending') GROUP BY example_id",
        # An example that was edited, unless a later edit of what came of it led back to it.
        "CREATE VIEW replaced AS SELECT e.example_id FROM live_decisions e LEFT JOIN live_decisions b"
        " ON b.action = 'edit' AND b.replacement_id = e.example_id WHERE e.action = 'edit' GROUP BY e.example_id"
        " HAVING max(e.decision_id) > coalesce(max(b.decision_id), 0)",
        "CREATE VIEW states AS SELECT e.example_id, coalesce(d.state, 'pending') AS state FROM examples e"
        " LEFT JOIN decided d USING (example_id)",
        # What an edit replaced, and what an edit made that was undone (no decision is left of it), is not present.
        "CREATE VIEW present AS SELECT example_id FROM examples"
        " WHERE example_id NOT IN (SELECT example_id FROM replaced)"
        " AND (parent_id IS NULL OR example_id IN (SELECT example_id FROM decided))",
        "CREATE VIEW roles AS SELECT DISTINCT example_id, role FROM occurrences",
    ):
        transaction.execute(statement)


def results_of_curation(transaction: Transaction) -> None:
    """Tables that the stages fill and can fill again; `stages` says from what they were computed."""
    for statement in (
        "CREATE TABLE stages (stage VARCHAR, fingerprint VARCHAR, settings VARCHAR, figures VARCHAR, seconds DOUBLE,"
        " finished_at TIMESTAMP)",
        "CREATE TABLE duplicates (group_id VARCHAR, example_id VARCHAR, representative_id VARCHAR, kind VARCHAR,"
        " similarity DOUBLE)",
        "CREATE TABLE duplicate_pairs (example_a VARCHAR, example_b VARCHAR, kind VARCHAR, similarity DOUBLE,"
        " guarded BOOLEAN, guard VARCHAR)",
        "CREATE TABLE scores (example_id VARCHAR, scorer VARCHAR, score DOUBLE, reason VARCHAR, start BIGINT,"
        ' "end" BIGINT)',
        "CREATE TABLE quality (example_id VARCHAR, quality DOUBLE, suggestion VARCHAR, cause VARCHAR, reason VARCHAR)",
        "CREATE TABLE conflicts (group_id VARCHAR, example_id VARCHAR, kind VARCHAR, detail VARCHAR)",
        'CREATE TABLE personal_data (example_id VARCHAR, kind VARCHAR, start BIGINT, "end" BIGINT,'
        " message_index INTEGER)",
        "CREATE TABLE clusters (example_id VARCHAR, cluster_id INTEGER, title VARCHAR, x FLOAT, y FLOAT)",
        "CREATE TABLE gaps (cluster_id INTEGER, title VARCHAR, train_count BIGINT, production_count BIGINT,"
        " production_volume DOUBLE, train_share DOUBLE, production_share DOUBLE, ratio DOUBLE, low DOUBLE,"
        " high DOUBLE, q_value DOUBLE, collect BIGINT, examples VARCHAR)",
    ):
        transaction.execute(statement)


def versions_and_exports(transaction: Transaction) -> None:
    """Dataset versions: every example's side, whether it is part of the curated set, and the certificate."""
    for statement in (
        "CREATE TABLE versions (number INTEGER, version VARCHAR, name VARCHAR, settings VARCHAR, certificate VARCHAR,"
        " notes VARCHAR, created_at TIMESTAMP)",
        "CREATE TABLE version_members (number INTEGER, example_id VARCHAR, split VARCHAR, group_id VARCHAR,"
        " included BOOLEAN)",
        "CREATE VIEW splits AS SELECT example_id, split, group_id FROM version_members WHERE included"
        " AND number = (SELECT max(number) FROM versions)",
        "CREATE VIEW sealed AS SELECT example_id FROM version_members WHERE split = 'test'"
        " AND number = (SELECT max(number) FROM versions)",
        "CREATE TABLE exports (version VARCHAR, format VARCHAR, folder VARCHAR, manifest VARCHAR,"
        " exported_at TIMESTAMP)",
    ):
        transaction.execute(statement)


def runs_evaluations_and_ratings(transaction: Transaction) -> None:
    """Training runs, the variants' answers on held-out examples, blind comparisons and ratings, looks at the test."""
    for statement in (
        "CREATE TABLE runs (run_id VARCHAR, version VARCHAR, data VARCHAR, base VARCHAR, method VARCHAR,"
        " settings VARCHAR, train_examples BIGINT, validation_examples BIGINT, created_at TIMESTAMP)",
        "CREATE TABLE evaluations (evaluation VARCHAR, version VARCHAR, split VARCHAR, variants VARCHAR, runs VARCHAR,"
        " settings VARCHAR, examples BIGINT, created_at TIMESTAMP)",
        "CREATE TABLE outputs (evaluation VARCHAR, run_id VARCHAR, variant VARCHAR, example_id VARCHAR, text VARCHAR,"
        " seconds DOUBLE)",
        "CREATE TABLE output_scores (evaluation VARCHAR, variant VARCHAR, example_id VARCHAR, metric VARCHAR,"
        " value DOUBLE)",
        "CREATE TABLE metrics (evaluation VARCHAR, run_id VARCHAR, variant VARCHAR, metric VARCHAR, value DOUBLE,"
        " low DOUBLE, high DOUBLE, n BIGINT, method VARCHAR)",
        "CREATE TABLE differences (evaluation VARCHAR, variant VARCHAR, against VARCHAR, metric VARCHAR, value DOUBLE,"
        " against_value DOUBLE, difference DOUBLE, low DOUBLE, high DOUBLE, p_value DOUBLE, q_value DOUBLE,"
        " detectable DOUBLE, n BIGINT, units BIGINT, method VARCHAR, verdict VARCHAR, sentence VARCHAR)",
        "CREATE TABLE looks (evaluation VARCHAR, version VARCHAR, who VARCHAR, why VARCHAR, looked_at TIMESTAMP)",
        "CREATE TABLE comparisons (comparison_id VARCHAR, evaluation VARCHAR, example_id VARCHAR, rater VARCHAR,"
        ' "left" VARCHAR, "right" VARCHAR, position INTEGER, drawn_at TIMESTAMP)',
        "CREATE TABLE rating_events (rating_id BIGINT, comparison_id VARCHAR, rater VARCHAR, choice VARCHAR,"
        " note VARCHAR, session VARCHAR, sequence BIGINT, rated_at TIMESTAMP)",
        # An undo is an event whose choice is NULL.
        'CREATE VIEW ratings AS SELECT c.comparison_id, c.evaluation, c.example_id, c.rater, c."left", c."right",'
        " r.choice, r.note, r.rated_at, NULL::VARCHAR AS criteria FROM comparisons c JOIN"
        " (SELECT comparison_id,"
        " last(choice ORDER BY rating_id) AS choice, last(note ORDER BY rating_id) AS note,"
        " max(rated_at) AS rated_at FROM rating_events GROUP BY comparison_id) r USING (comparison_id)"
        " WHERE r.choice IS NOT NULL",
    ):
        transaction.execute(statement)


def kin_of_the_sealed(transaction: Transaction) -> None:
    """What the sealed test examples were edited from, or are edited into, is sealed with them.

    `sealed_kin` holds examples outside a version; it is filled when a version is made and when a sealed text is edited.
    """
    for statement in (
        "CREATE TABLE sealed_kin (number INTEGER, example_id VARCHAR)",
        "INSERT INTO sealed_kin WITH RECURSIVE edits AS (SELECT example_id AS a, replacement_id AS b FROM decisions"
        " WHERE action = 'edit'), links AS (SELECT a, b FROM edits UNION SELECT b AS a, a AS b FROM edits),"
        " kin AS (SELECT number, example_id FROM version_members WHERE split = 'test'"
        " UNION SELECT kin.number, l.b FROM kin JOIN links l ON l.a = kin.example_id)"
        " SELECT number, example_id FROM kin WHERE (number, example_id) NOT IN"
        " (SELECT (number, example_id) FROM version_members)",
        "CREATE OR REPLACE VIEW sealed AS SELECT example_id FROM version_members WHERE split = 'test'"
        " AND number = (SELECT max(number) FROM versions) UNION SELECT example_id FROM sealed_kin"
        " WHERE number = (SELECT max(number) FROM versions)",
    ):
        transaction.execute(statement)


def several_reviewers(transaction: Transaction) -> None:
    """Who looks at which example now, how many examples all reviewers get, and what each reviewer said."""
    for statement in (
        "CREATE TABLE leases (example_id VARCHAR, holder VARCHAR, reviewer VARCHAR, until TIMESTAMP)",
        "CREATE TABLE overlap_shares (share DOUBLE, reviewer VARCHAR, changed_at TIMESTAMP)",
        # What each reviewer said last; bulk decisions, deciding votes and what an edit did to its parent are no votes.
        "CREATE VIEW votes AS SELECT example_id, reviewer, choice, decision_id FROM (SELECT example_id, reviewer,"
        " arg_max(action, decision_id) AS choice, max(decision_id) AS decision_id FROM live_decisions"
        " WHERE origin = 'person' AND action IN ('keep', 'drop', 'flag', 'pending')"
        " AND batch NOT IN (SELECT batch FROM decisions WHERE action = 'edit') GROUP BY example_id, reviewer)"
        " WHERE choice <> 'pending'",
        "CREATE VIEW settled AS SELECT DISTINCT example_id FROM live_decisions WHERE origin = 'deciding vote'"
        " AND action IN ('keep', 'drop', 'flag')",
        "CREATE VIEW disagreements AS SELECT example_id FROM votes WHERE example_id NOT IN"
        " (SELECT example_id FROM settled) GROUP BY example_id HAVING count(DISTINCT choice) > 1",
    ):
        transaction.execute(statement)


def no_text_is_stored_twice(transaction: Transaction) -> None:
    """Messages that say no more than system, prompt and completion are computed; so are lines that are canonical.

    `full_messages` holds messages that say more. `line_forms` holds what lines of one kind have in common, from which
    their raw text is rebuilt byte for byte where `raw` is NULL; `reading` says in which way a file was read.
    """
    for statement in (
        # Looking for the best compression of long texts takes longer than all the rest of an import.
        "CREATE TABLE examples_once (example_id VARCHAR, full_messages VARCHAR, system VARCHAR,"
        " prompt VARCHAR USING COMPRESSION uncompressed, completion VARCHAR USING COMPRESSION uncompressed,"
        " turns INTEGER, tokens INTEGER, parent_id VARCHAR, added_at TIMESTAMP, messages VARCHAR"
        " GENERATED ALWAYS AS (coalesce(full_messages, '[' || CASE WHEN system = '' THEN '' ELSE '{\"content\":' ||"
        ' to_json(system) || \',"role":"system"},\' END || \'{"content":\' || to_json(prompt) ||'
        ' \',"role":"user"},{"content":\' || to_json(completion) || \',"role":"assistant"}]\')) VIRTUAL)',
        "INSERT INTO examples_once BY NAME SELECT * RENAME (messages AS full_messages) FROM examples",
        "DROP TABLE examples",
        "ALTER TABLE examples_once RENAME TO examples",
        "CREATE TABLE line_forms (form_id INTEGER, form VARCHAR)",
        "ALTER TABLE occurrences ADD COLUMN form_id INTEGER",
        "ALTER TABLE imports ADD COLUMN reading VARCHAR",
    ):
        transaction.execute(statement)


def edited_texts_stand_by_their_edit(transaction: Transaction) -> None:
    """What an edit made is present while an edit that led to it holds, whatever else was decided about it.

    Once every such edit is undone it is present only where it was imported on a line of its own.
    """
    transaction.execute(
        "CREATE OR REPLACE VIEW present AS SELECT example_id FROM examples"
        " WHERE example_id NOT IN (SELECT example_id FROM replaced) AND (parent_id IS NULL"
        " OR example_id IN (SELECT replacement_id FROM live_decisions WHERE action = 'edit')"
        " OR example_id IN (SELECT o.example_id FROM occurrences o WHERE o.example_id IN (SELECT replacement_id"
        " FROM decisions WHERE action = 'edit' AND batch IN (SELECT undoes FROM decisions WHERE action = 'undo'))"
        " AND NOT EXISTS (SELECT 1 FROM decisions d JOIN occurrences p ON p.example_id = d.example_id"
        " WHERE d.action = 'edit' AND d.replacement_id = o.example_id AND p.import_id = o.import_id"
        " AND p.line = o.line)))"
    )


def where_variants_fail(transaction: Transaction) -> None:
    """Slices of an evaluation, the triage of its failures, what to collect next; all can be computed again."""
    for statement in (
        "CREATE TABLE slices (evaluation VARCHAR, variant VARCHAR, kind VARCHAR, against VARCHAR, dimension VARCHAR,"
        " slice VARCHAR, n BIGINT, units BIGINT, failed BIGINT, failure_rate DOUBLE, low DOUBLE, high DOUBLE,"
        " other_rate DOUBLE, p_value DOUBLE, q_value DOUBLE, finding BOOLEAN, sentence VARCHAR)",
        "CREATE TABLE triage (evaluation VARCHAR, variant VARCHAR, example_id VARCHAR, cause VARCHAR,"
        " similarity DOUBLE, sentence VARCHAR)",
        "CREATE TABLE triage_evidence (evaluation VARCHAR, variant VARCHAR, example_id VARCHAR, rank BIGINT,"
        " neighbour_id VARCHAR, similarity DOUBLE, near BOOLEAN, agrees_with VARCHAR)",
        "CREATE TABLE collect (place BIGINT, kind VARCHAR, dimension VARCHAR, slice VARCHAR, collect BIGINT,"
        " priority DOUBLE, volume_share DOUBLE, severity DOUBLE, failed BIGINT, n BIGINT, failure_rate DOUBLE,"
        " gap_ratio DOUBLE, train_count BIGINT, queries VARCHAR, description VARCHAR)",
    ):
        transaction.execute(statement)


def what_gives_held_out_examples_away(transaction: Transaction) -> None:
    """Training examples that share words or meaning with a held-out one."""
    transaction.execute(
        "CREATE TABLE contamination (example_id VARCHAR, test_id VARCHAR, kind VARCHAR, similarity DOUBLE,"
        " verdict VARCHAR, evidence VARCHAR)"
    )


def taste_of_reviewers(transaction: Transaction) -> None:
    """What a reviewer would say of each example, and from which queue a decision came: a random one is unbiased."""
    for statement in (
        "ALTER TABLE decisions ADD COLUMN queue VARCHAR",
        "CREATE OR REPLACE VIEW live_decisions AS SELECT * FROM decisions WHERE action <> 'undo' AND batch NOT IN"
        " (SELECT undoes FROM decisions WHERE action = 'undo')",
        "CREATE TABLE taste (example_id VARCHAR, reviewer VARCHAR, score DOUBLE, reason VARCHAR)",
    ):
        transaction.execute(statement)


def keys_of_stand_ins(transaction: Transaction) -> None:
    """The secret under which stand-ins of personal data are made, one for a project."""
    transaction.execute("CREATE TABLE pseudonym_keys (key VARCHAR)")


def ids_are_stored_as_they_are(transaction: Transaction) -> None:
    """Ids and full messages are not compressed: nothing is saved on random digits, and trying costs as much as writing.

    Measured on a million examples: 2.4 of 8 CPU-seconds of storing them, for 7 % more disk.
    """
    for statement in (
        "CREATE TABLE examples_plain (example_id VARCHAR USING COMPRESSION uncompressed,"
        " full_messages VARCHAR USING COMPRESSION uncompressed, system VARCHAR,"
        " prompt VARCHAR USING COMPRESSION uncompressed, completion VARCHAR USING COMPRESSION uncompressed,"
        " turns INTEGER, tokens INTEGER, parent_id VARCHAR, added_at TIMESTAMP, messages VARCHAR"
        " GENERATED ALWAYS AS (coalesce(full_messages, '[' || CASE WHEN system = '' THEN '' ELSE '{\"content\":' ||"
        ' to_json(system) || \',"role":"system"},\' END || \'{"content":\' || to_json(prompt) ||'
        ' \',"role":"user"},{"content":\' || to_json(completion) || \',"role":"assistant"}]\')) VIRTUAL)',
        "INSERT INTO examples_plain BY NAME SELECT * EXCLUDE (messages) FROM examples ORDER BY rowid",
        "DROP TABLE examples",
        "ALTER TABLE examples_plain RENAME TO examples",
        "CREATE TABLE occurrences_plain (example_id VARCHAR USING COMPRESSION uncompressed, import_id INTEGER,"
        " role VARCHAR, source VARCHAR, file VARCHAR, line BIGINT, raw VARCHAR, metadata VARCHAR, form_id INTEGER)",
        "INSERT INTO occurrences_plain BY NAME SELECT * FROM occurrences ORDER BY rowid",
        "DROP TABLE occurrences",
        "ALTER TABLE occurrences_plain RENAME TO occurrences",
    ):
        transaction.execute(statement)


def verdicts_of_judges(transaction: Transaction) -> None:
    """What judge models were asked, and every reply as it came; only ever appended. A NULL verdict is unreadable."""
    for statement in (
        "CREATE TABLE judgings (judging VARCHAR, evaluation VARCHAR, judge VARCHAR, model VARCHAR, prompt VARCHAR,"
        " variant VARCHAR, against VARCHAR, asked BIGINT, settings VARCHAR, started_at TIMESTAMP)",
        "CREATE TABLE judge_verdicts (judging VARCHAR, evaluation VARCHAR, judge VARCHAR, model VARCHAR,"
        ' prompt VARCHAR, example_id VARCHAR, "first" VARCHAR, "second" VARCHAR, verdict VARCHAR, reply VARCHAR,'
        " judged_at TIMESTAMP)",
    ):
        transaction.execute(statement)


def noise_of_versions(transaction: Transaction) -> None:
    """What production's noise was when a version was made, for its second test set."""
    transaction.execute("ALTER TABLE versions ADD COLUMN noise VARCHAR")


def single_answers_on_criteria(transaction: Transaction) -> None:
    """Criteria with their anchors, single answers drawn for raters, and the scores that these gave.

    Nothing is overwritten: other criteria are a further row, an undo is an event. A row of `criteria` says which were
    in force from then on; the same wording has the same `version`, so that going back goes on with its ratings.
    """
    for statement in (
        "CREATE TABLE criteria (place INTEGER, version INTEGER, criteria VARCHAR, who VARCHAR, created_at TIMESTAMP)",
        "CREATE TABLE drawn_answers (answer_id VARCHAR, evaluation VARCHAR, example_id VARCHAR, variant VARCHAR,"
        " rater VARCHAR, criteria INTEGER, shown_as VARCHAR, position INTEGER, names_model BOOLEAN,"
        " drawn_at TIMESTAMP)",
        "CREATE TABLE score_events (event_id BIGINT, answer_id VARCHAR, rater VARCHAR, action VARCHAR, scores VARCHAR,"
        " note VARCHAR, session VARCHAR, sequence BIGINT, rated_at TIMESTAMP)",
        "CREATE VIEW rated_answers AS SELECT d.*, e.event_id, e.action, e.scores, e.note, e.rated_at"
        " FROM drawn_answers d JOIN (SELECT answer_id, max(event_id) AS event_id,"
        " last(action ORDER BY event_id) AS action, last(scores ORDER BY event_id) AS scores,"
        " last(note ORDER BY event_id) AS note, max(rated_at) AS rated_at FROM score_events GROUP BY answer_id) e"
        " ON d.shown_as = e.answer_id WHERE e.action <> 'undo'",
        "CREATE VIEW rubric_scores AS SELECT r.* EXCLUDE (scores, entry), r.entry.key AS criterion,"
        " r.entry.value::BIGINT AS score FROM (SELECT *, unnest(map_entries(CAST(CAST(scores AS JSON)"
        " AS MAP(VARCHAR, INTEGER)))) AS entry FROM rated_answers WHERE action = 'score') r",
    ):
        transaction.execute(statement)


def rejected_answers_read_otherwise(transaction: Transaction) -> None:
    """Which rejected answers, by the hash of what was imported, read how since a batch of decisions."""
    transaction.execute("CREATE TABLE rejected_answers (batch BIGINT, before VARCHAR, after VARCHAR)")


MIGRATIONS: tuple[Migration, ...] = (
    examples_and_where_they_came_from,
    decisions_of_people,
    results_of_curation,
    versions_and_exports,
    runs_evaluations_and_ratings,
    kin_of_the_sealed,
    several_reviewers,
    no_text_is_stored_twice,
    edited_texts_stand_by_their_edit,
    where_variants_fail,
    what_gives_held_out_examples_away,
    taste_of_reviewers,
    keys_of_stand_ins,
    ids_are_stored_as_they_are,
    verdicts_of_judges,
    noise_of_versions,
    single_answers_on_criteria,
    rejected_answers_read_otherwise,
    later.rules_for_outputs,
    later.pairs_that_were_skipped,
    later.posterior_of_differences,
    later.topics_of_clusters,
    later.difficulty_for_a_base_model,
)


def migrate(database: Database, now: datetime, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Bring a project's schema up to date, all steps or none, and return the number of steps that were run.

    A project of an earlier schema is copied first, to a file beside it (`kept_copy`).

    Raises:
        CurationError: the project was made by a newer workbench, or there is no room for the copy.
    """
    done = schema_of(database)
    if done > len(migrations):
        raise CurationError(
            f"{database.path} has schema {done}; this workbench knows schemas up to {len(migrations)}.",
            f"Update the workbench: the project was made by a newer version.{_older_copy(database.path, migrations)}",
        )
    if 0 < done < len(migrations):
        database.copy_to(kept_copy(database.path, done))
    if done == len(migrations):
        return 0
    with database.transaction() as transaction:
        transaction.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER, name VARCHAR, applied_at TIMESTAMP)"
        )
        for number, step in enumerate(migrations[done:], start=done + 1):
            step(transaction)
            transaction.execute(
                "INSERT INTO migrations VALUES ($number, $name, $now)",
                {"number": number, "name": step.__name__, "now": now},
            )
    return len(migrations) - done


def schema_of(database: Database) -> int:
    """Return the number of the last step that a file has seen; 0 for a new one."""
    known = database.value("SELECT count(*) FROM information_schema.tables WHERE table_name = 'migrations'")
    return int(database.value("SELECT coalesce(max(number), 0) FROM migrations")) if known else 0


def kept_copy(path: Path, schema: int) -> Path:
    """Return where the copy of a project's database lies that was made before it left a schema."""
    return path.with_name(f"{path.stem}.schema-{schema}{path.suffix}")


def _older_copy(path: Path, migrations: tuple[Migration, ...]) -> str:
    copies = [copy for copy in (kept_copy(path, number) for number in range(len(migrations), 0, -1)) if copy.is_file()]
    return f" Or go back to the copy that it kept before: {copies[0]}." if copies else ""
