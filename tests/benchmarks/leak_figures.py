"""Leaks on templated prompts: test rows whose source item is also trained on, after each way of splitting.

    python -m tests.benchmarks.leak_figures [--seeds 5]

9,200 rows, 500 items in about nine wordings each; 20 % test.
"""

import argparse
import statistics

import polars as pl

from pipelines.examples import examples_frame
from pipelines.splitting.links import link_examples
from pipelines.splitting.settings import LinkSettings, SplitSettings
from pipelines.splitting.split import split_examples
from tests.benchmarks.public_data import conversation, rows_of, tell


def main() -> None:
    """Split in four ways with each seed and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    rows = rows_of("prompt_templates/t0_templates_a.jsonl.gz")
    examples = examples_frame([conversation(row["prompt"], row["completion"]) for row in rows]).with_columns(
        key=pl.Series([row["group_id"] for row in rows])
    )
    examples = examples.unique("example_id", keep="first", maintain_order=True)
    plain = examples.drop("key")
    none = LinkSettings()
    ways = {
        "random": plain.select("example_id", group_id="example_id").clear(),
        "defaults": link_examples(plain, none).links,
        "rare word pairs": link_examples(plain, LinkSettings(rare_shingles=True)).links,
        "source key": link_examples(examples.rename({"key": "group_key"}), none).links,
    }
    table, figures = [], {}
    for name, links in ways.items():
        leaks = [_leaked(examples, links, seed) for seed in range(seeds)]
        table.append((name, statistics.median(leaks), min(leaks), max(leaks)))
        figures[name] = [round(leak, 4) for leak in leaks]
    tell(f"Test rows that leak, {len(examples):,} rows", ("split", "median", "lowest", "highest"), table, figures)


def _leaked(examples: pl.DataFrame, links: pl.DataFrame, seed: int) -> float:
    settings = SplitSettings(train=0.8, validation=0.0, test=0.2, seed=seed)
    split = split_examples(examples, links.select("example_id", "group_id"), settings).assignments
    sides = split.join(examples.select("example_id", "key"), on="example_id")
    trained = sides.filter(pl.col("split") == "train")["key"].unique()
    test = sides.filter(pl.col("split") == "test")
    return float(test["key"].is_in(trained.implode()).mean())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
