"""Leaks on templated prompts: test rows whose source item is also trained on, after each way of splitting.

    python -m tests.benchmarks.leak_figures [--seeds 5]

`prompt_templates`: 1,000 items in 5 to 13 wordings each, the half of the items on which the settings were chosen and
the other half; and templates put around the questions of gsm8k, the sentences of SICK, the turns of SGD dialogues and
Dolly. The latter and data that are not templated helped to choose from where on data count as templated. 20 % test.
"""

import argparse
import hashlib
import statistics
from collections.abc import Iterator

import polars as pl

from pipelines.examples import examples_frame
from pipelines.splitting.components import connect
from pipelines.splitting.links import link_examples
from pipelines.splitting.settings import LinkSettings, SplitSettings
from pipelines.splitting.split import split_examples
from tests.benchmarks.public_data import conversation, rows_of, tell


def main() -> None:
    """Split each set in five ways with each seed and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    for title, rows in _sets():
        examples = examples_frame([conversation(prompt, completion) for prompt, completion, _ in rows])
        examples = examples.with_columns(key=pl.Series([key for *_, key in rows]))
        examples = examples.unique("example_id", keep="first", maintain_order=True)
        plain = examples.drop("key")
        found = {
            "prompts alone": link_examples(plain, LinkSettings(rare_shingles="off")),
            "defaults": link_examples(plain),
            "source key": link_examples(examples.rename({"key": "group_key"})),
        }
        ways = {"random": plain.select("example_id", group_id="example_id").clear()}
        ways |= {name: links.links for name, links in found.items()}
        table, figures = [], {}
        for name, links in ways.items():
            leaks = [_leaked(examples, links, seed) for seed in range(seeds)]
            members = connect(examples["example_id"], links)
            largest = float(members["group_id"].value_counts()["count"].max()) / len(examples)  # type: ignore[arg-type]
            table.append((name, statistics.median(leaks), min(leaks), max(leaks), largest))
            figures[name] = [round(leak, 4) for leak in leaks]
        columns = ("split", "median", "lowest", "highest", "largest group")
        tell(f"{title}, {len(examples):,} rows: test rows that leak", columns, table, figures)
        for note in found["defaults"].notes:
            print(f"- {note}")


def _sets() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each set's title and its rows: prompt, completion, key."""
    rows = rows_of("prompt_templates/t0_templates_a.jsonl.gz")
    for half in (0, 1):
        chosen = [row for row in rows if hashlib.sha256(row["group_id"].encode()).digest()[-1] % 2 == half]
        title = ("chosen on", "not chosen on")[half]
        yield f"prompt_templates, half {title}", [(r["prompt"], r["completion"], r["group_id"]) for r in chosen]
    yield "prompt_templates, all", [(r["prompt"], r["completion"], r["group_id"]) for r in rows]
    sums = rows_of("gsm8k/train.jsonl.gz")[:1000]
    yield "gsm8k in templates", _wordings([(row["question"], row["answer"]) for row in sums], same_answer=True)
    sentences = sorted({row["a"] for row in rows_of("similar_pairs/sick.jsonl.gz")})[:1000]
    yield "SICK in templates", _wordings([(text, "") for text in sentences], same_answer=False)
    turns = []
    for row in rows_of("sgd_dialogues/sgd_dev.jsonl.gz")[:600]:
        said = [message["content"] for message in row["messages"]]
        turns += [("\n".join(said[:at]), said[at], row["dialogue_id"]) for at in range(1, len(said), 2)]
    yield "SGD, each turn with what was said before", turns
    dolly = rows_of("dolly_filtered/dolly_3k_half_a.jsonl.gz")
    yield "Dolly in templates", _wordings([(row["instruction"], row["output"]) for row in dolly], same_answer=True)


_TEMPLATES = (
    "{} ",
    "Question: {}\nAnswer:",
    "{}\nPlease explain how you came to that.",
    "You are a teacher. A pupil asks the following. What do you say?\n\n{}",
    "Here is what somebody wrote: {} Reply in a friendly way.",
)


def _wordings(items: list[tuple[str, str]], *, same_answer: bool) -> list[tuple[str, str, str]]:
    """Put each item into every template; and, where there are answers, ask for the question to the answer."""
    rows = []
    for number, (text, answer) in enumerate(items):
        for place, template in enumerate(_TEMPLATES):
            rows.append((template.format(text), answer if same_answer else f"Answer in style {place}.", str(number)))
        if same_answer:
            rows.append((f"Write the question to which this is the answer:\n{answer}", text, str(number)))
    return rows


def _leaked(examples: pl.DataFrame, links: pl.DataFrame, seed: int) -> float:
    settings = SplitSettings(train=0.8, validation=0.0, test=0.2, seed=seed)
    split = split_examples(examples, links.select("example_id", "group_id"), settings).assignments
    sides = split.join(examples.select("example_id", "key"), on="example_id")
    trained = sides.filter(pl.col("split") == "train")["key"].unique()
    test = sides.filter(pl.col("split") == "test")
    return float(test["key"].is_in(trained.implode()).mean())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
