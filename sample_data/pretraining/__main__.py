"""Make the base model anew: `python -m sample_data.pretraining [--steps N] [--work FOLDER] [--out FOLDER]`.

Tokenizer, corpus, training, and the best-trained checkpoint copied beside the tokenizer. On two cores the committed
model took about 50 minutes.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from sample_data.pretraining.corpus import tokenizer_texts, write_tokens
from sample_data.pretraining.tokenizer import train_tokenizer
from sample_data.pretraining.train import PretrainSettings, train

TOKENIZER_DOCUMENTS = 60_000


def main() -> None:
    """Read the options and do the three steps, each skipped where its result is there."""
    parser = argparse.ArgumentParser(description="Pre-train the tiny base model.")
    parser.add_argument("--steps", type=int, default=PretrainSettings.steps, help="training steps")
    parser.add_argument(
        "--work", type=Path, default=Path("build/pretraining"), help="folder for corpus and checkpoints"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent.parent / "base_model", help="folder of the model"
    )
    parser.add_argument("--no-compile", action="store_true", help="run without torch.compile")
    options = parser.parse_args()
    settings = replace(PretrainSettings(), steps=options.steps, compile=not options.no_compile)
    options.work.mkdir(parents=True, exist_ok=True)
    if not (options.work / "tokenizer" / "tokenizer.json").exists():
        train_tokenizer(tokenizer_texts(settings.seed, TOKENIZER_DOCUMENTS), options.work / "tokenizer")
    tokens = options.work / "tokens.bin"
    needed = settings.steps * settings.ranks * settings.rows * (settings.length + 1)
    if not tokens.exists() or tokens.stat().st_size < 2 * needed:
        print(f"{write_tokens(options.work / 'tokenizer', tokens, settings.seed, needed)} tokens of corpus")
    last = train(settings, options.work / "tokenizer", tokens, options.work / "run")
    options.out.mkdir(parents=True, exist_ok=True)
    for file in [*sorted((options.work / "tokenizer").iterdir()), *sorted(last.iterdir())]:
        shutil.copyfile(file, options.out / file.name)
    print(f"model in {options.out}")


if __name__ == "__main__":
    main()
