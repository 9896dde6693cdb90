"""A project of many synthetic yet varied examples, with everything that the stages and reviewers would have left.

    python -m tests.benchmarks.million FOLDER [--rows 1000000] [--seed 0]

Examples are about 850 characters of JSON, made of sentences that a seed draws, so that words have a wide spread of
frequencies: topic words (1 in 20), a number of its own in each example, and a rare word (1 in 20,000) to search for.
One answer in ten begins with a JSON object. The examples are written as JSON Lines and imported as a person would, a
file at a time; results and decisions go through the store's own ways of adding.
"""

import argparse
import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.examples import example_id_of
from workbench.project import Project
from workbench.store.analysis import StageRecord

TOPICS = (
    *("parcel", "invoice", "password", "kettle", "router", "garden", "recipe", "contract", "holiday", "bicycle"),
    *("insurance", "library", "museum", "printer", "battery", "mortgage", "orchestra", "pharmacy", "railway", "school"),
)
SOURCES = ("support-2023", "support-2024", "forum", "wiki", "handbook", "generated")
LANGUAGES = ("en", "en", "en", "de", "fr")
TAGS = ("billing", "urgent", "returns", "short", "verified")
SCORERS = ("refusal", "length_ratio", "repetition", "encoding", "truncated")
REVIEWERS = ("ada", "bo", "cy")
RARE_WORD, RARE_EVERY = "Zanzibar-Ölfass", 20_000
JSON_EVERY = 10
FILE_ROWS = 100_000
PHRASES_A_TOPIC = 400
PROMPT_PHRASES, PHRASES = 3, 9
FIRST_DAY = datetime(2026, 1, 1)


def make_million(folder: Path, rows: int = 1_000_000, seed: int = 0) -> Project:
    """Create a project of `rows` training examples with stage results and decisions, and return it open.

    Args:
        folder: of the new project.
        rows: number of examples.
        seed: draws everything; the same seed gives the same ids.
    """
    project = Project.create(folder)
    generator = np.random.default_rng(seed)
    pool = phrase_pool(generator)
    files = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for number, first in enumerate(range(0, rows, FILE_ROWS)):
            lines, topics = chat_lines(first, min(FILE_ROWS, rows - first), pool, generator)
            path = Path(place) / f"part-{number:03}.jsonl"
            path.write_text("\n".join(lines["line"]) + "\n", "utf-8")
            read = project.importing.import_files([path], source=SOURCES[number % len(SOURCES)])
            if read.new != lines.height:
                raise RuntimeError(f"{path.name}: {read.new} of {lines.height} lines became examples")
            path.unlink()
            files.append(lines.select("example_id").with_columns(topic=topics))
    known = pl.concat(files) if files else pl.DataFrame(schema={"example_id": pl.String, "topic": pl.Int64})
    fill_results(project, known, generator)
    decide(project, known["example_id"], generator)
    return project


def phrase_pool(generator: np.random.Generator) -> pl.Series:
    """Return the sentences of all topics, about 12 words each; common words are drawn by Zipf's law."""
    letters = np.array(list("aeiourstlnmdpbgk"))
    words = ["".join(generator.choice(letters, generator.integers(3, 9))) for _ in range(4000)]
    weights = 1 / np.arange(1, len(words) + 1)
    lines = []
    for topic in TOPICS:
        drawn = generator.choice(words, (PHRASES_A_TOPIC, 11), p=weights / weights.sum())
        lines += [" ".join([*row[:4], topic, *row[4:]]).capitalize() + "." for row in drawn]
    return pl.Series(lines)


def chat_lines(
    first: int, rows: int, pool: pl.Series, generator: np.random.Generator
) -> tuple[pl.DataFrame, pl.Series]:
    """Return a file's lines with the id that the example of each has (columns example_id, line), and their topics."""
    topics = generator.integers(0, len(TOPICS), rows)
    picked = topics[:, None] * PHRASES_A_TOPIC + generator.integers(0, PHRASES_A_TOPIC, (rows, PHRASES))
    number = pl.Series(np.arange(first, first + rows))
    drawn = {
        "language": pl.Series(LANGUAGES).gather(generator.integers(0, len(LANGUAGES), rows)),
        "author": "author-" + pl.Series(generator.integers(0, 2000, rows)).cast(pl.String),
        "tag": pl.Series(TAGS).gather(generator.integers(0, len(TAGS), rows)),
        "topic": pl.Series(TOPICS).gather(topics),
        "number": number.cast(pl.String).str.zfill(8),
        "line": number - first + 1,
        "rare": pl.Series(generator.integers(0, RARE_EVERY, rows) == 0),
    }
    phrases = {f"p{place}": pool.gather(picked[:, place]) for place in range(PHRASES)}
    names = list(phrases)
    answer = pl.concat_str(names[PROMPT_PHRASES:], separator=" ")
    as_json = pl.format('{{"topic": "{}", "number": {}}}\n{}', "topic", "number", answer)
    texts = pl.DataFrame({**drawn, **phrases}).with_columns(
        prompt=pl.format("Order {}: {}", "number", pl.concat_str(names[:PROMPT_PHRASES], separator=" ")),
        completion=pl.when(pl.col("line") % JSON_EVERY == 0).then(as_json).otherwise(answer)
        + pl.when("rare").then(pl.lit(f" {RARE_WORD}.")).otherwise(pl.lit("")),
    )
    quoted = [pl.col(name).str.replace_all('"', '\\"', literal=True).str.replace_all("\n", "\\n", literal=True)
              for name in ("prompt", "completion")]  # fmt: skip
    conversation = pl.format('[{{"content":"{}","role":"user"}},{{"content":"{}","role":"assistant"}}]', *quoted)
    further = pl.format('"language":"{}","author":"{}","tags":["{}"]', "language", "author", "tag")
    written = texts.with_columns(messages=conversation, further=further).select(
        "messages", line=pl.format('{{"messages":{},{}}}', "messages", "further")
    )
    ids = pl.Series("example_id", [example_id_of(text) for text in written["messages"]])
    return written.select(ids, "line"), pl.Series(topics)


def fill_results(project: Project, known: pl.DataFrame, generator: np.random.Generator) -> None:
    """Store what the stages would have found: quality and scores, groups of copies, clusters, conflicts, names."""
    ids, count = known["example_id"], known.height
    quality = pl.Series(generator.beta(5, 2, count).round(4))
    scored = pl.DataFrame({"example_id": ids, "quality": quality}).with_columns(
        suggestion=pl.when(quality < 0.35).then(pl.lit("drop")).when(quality < 0.5).then(pl.lit("review"))
        .otherwise(pl.lit("keep")),
        cause=pl.when(quality < 0.5).then(pl.lit("score")).otherwise(pl.lit("good")),
        reason=pl.when(quality < 0.5).then(pl.lit("The answer repeats itself.")).otherwise(pl.lit("Nothing found.")),
    )  # fmt: skip
    parts = [_scores(scorer, ids, generator) for scorer in SCORERS]
    _store(project, "quality", quality=scored, scores=pl.concat(parts))
    placed = pl.DataFrame(
        {
            "example_id": ids,
            "cluster_id": known["topic"].cast(pl.Int32),
            "title": pl.Series(TOPICS).gather(known["topic"]),
            "x": pl.Series(generator.normal(size=count), dtype=pl.Float32) + known["topic"] % 5 * 4,
            "y": pl.Series(generator.normal(size=count), dtype=pl.Float32) + known["topic"] // 5 * 4,
        }
    )
    _store(project, "coverage", clusters=placed)
    # Neighbours in the file stand in groups of three, one example in ten in all.
    grouped = pl.DataFrame({"example_id": ids[: count // 30 * 3]}).with_row_index("place")
    first = pl.col("example_id").first().over(pl.col("place") // 3)
    duplicates = grouped.select(
        pl.concat_str(pl.lit("g"), first).alias("group_id"),
        "example_id",
        first.alias("representative_id"),
        pl.lit("near").alias("kind"),
        pl.lit(0.83).alias("similarity"),
    )
    _store(project, "duplicates", duplicates=duplicates)
    pairs = pl.DataFrame({"example_id": ids.tail(count // 200 * 2)}).with_row_index("place")
    conflicts = pairs.select(
        pl.format("c{}", pl.col("place") // 2).alias("group_id"),
        "example_id",
        pl.lit("answer").alias("kind"),
        pl.lit("The same question has two answers.").alias("detail"),
    )
    _store(project, "conflicts", conflicts=conflicts)
    personal = pl.DataFrame({"example_id": ids.gather_every(50)}).with_columns(
        kind=pl.lit("email"), start=pl.lit(6, pl.Int64), end=pl.lit(14, pl.Int64), message_index=pl.lit(0, pl.Int32)
    )
    _store(project, "personal-data", personal_data=personal)


def _scores(scorer: str, ids: pl.Series, generator: np.random.Generator) -> pl.DataFrame:
    score = pl.Series(generator.beta(8, 1.2, len(ids)).round(3))
    found = pl.when(score < 0.5).then(pl.lit(f"{scorer} is low")).otherwise(None)
    return pl.DataFrame({"example_id": ids, "scorer": [scorer] * len(ids), "score": score}).with_columns(
        reason=found, start=pl.lit(None, pl.Int64), end=pl.lit(None, pl.Int64)
    )


def _store(project: Project, stage: str, **tables: pl.DataFrame) -> None:
    record = StageRecord(stage, "synthetic", "{}", {}, 0.0)
    project.store.analysis.replace(record, tables, FIRST_DAY + timedelta(days=30))


def decide(project: Project, ids: pl.Series, generator: np.random.Generator) -> None:
    """Let three reviewers decide about three examples in ten, in batches, and write some notes."""
    places = generator.permutation(len(ids))[: len(ids) * 3 // 10]
    for number, part in enumerate(np.array_split(places, 30)):
        action = ("keep", "keep", "drop", "flag")[number % 4]
        rows: list[dict[str, object]] = [
            {"example_id": example_id, "action": action, "note": "looks odd" if action == "flag" else None}
            for example_id in ids.gather(part)
        ]
        if rows:
            who = REVIEWERS[number % len(REVIEWERS)]
            project.store.decisions.append(rows, who, FIRST_DAY + timedelta(days=31, minutes=number))


def main() -> None:
    """Make the project that the command names and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with make_million(chosen.folder, chosen.rows, chosen.seed) as project:
        print(json.dumps(project.store.examples.counts() | project.store.browse.state_counts()))


if __name__ == "__main__":
    main()
