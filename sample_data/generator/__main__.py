"""Write the sample data anew: `python -m sample_data.generator [FOLDER] [--seed N]`; the same bytes every time.

Another seed gives other data of the same make-up, on which nothing was chosen: a fresh test of the demo's recipe.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from sample_data.generator.general import general_lines
from sample_data.generator.production import production_lines
from sample_data.generator.readme import readme_text
from sample_data.generator.training_file import training_lines

SEED = 20


def write_lines(path: Path, rows: Iterable[object]) -> None:
    """Write one JSON object a line."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(text.encode("utf-8"))


def write_sample_data(folder: Path, seed: int = SEED) -> None:
    """Write all files of the sample data into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    conversations, key, tasks = training_lines(seed)
    production, gaps = production_lines(seed + 1)
    general = general_lines(seed + 2)
    write_lines(folder / "train.jsonl", ({"messages": messages} for messages in conversations))
    write_lines(folder / "production.jsonl", production)
    write_lines(folder / "general.jsonl", general)
    write_lines(folder / "answer_key.jsonl", key + gaps)
    (folder / "README.md").write_bytes(readme_text(tasks, key + gaps, len(production), len(general)).encode("utf-8"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the sample data anew.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    write_sample_data(chosen.folder, chosen.seed)
