"""Make the base model anew: `python -m sample_data.pretraining [--work FOLDER] [--out FOLDER] [--steps N]`.

Tokenizer, then two stages of corpus and training; the last checkpoint is copied beside the tokenizer. A stage whose
checkpoint is in the work folder is not run again. On two shared cores the committed model took about an hour;
`--steps 20` runs the same path in minutes and makes a model that knows nothing.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from sample_data.pretraining.corpus import tokenizer_texts, write_tokens
from sample_data.pretraining.tokenizer import train_tokenizer
from sample_data.pretraining.train import STAGES, PretrainSettings, train

TOKENIZER_DOCUMENTS = 60_000


def run_stage(stage: int, settings: PretrainSettings, work: Path, start: Path | None) -> Path:
    """Write a stage's corpus and train on it; returns the folder of its last checkpoint."""
    folder = work / f"stage-{stage + 1}"
    last = folder / f"step-{settings.last_step:05d}"
    if last.exists():
        return last
    tokens = work / f"tokens-{stage + 1}.bin"
    needed = settings.steps * settings.ranks * settings.rows * (settings.length + 1)
    if not tokens.exists() or tokens.stat().st_size < 2 * needed:
        print(f"stage {stage + 1}: {write_tokens(work / 'tokenizer', tokens, settings.seed, needed, stage)} tokens")
    return train(settings, work / "tokenizer", tokens, folder, start)


def main() -> None:
    """Read the options and run tokenizer and stages."""
    parser = argparse.ArgumentParser(description="Pre-train the tiny base model.")
    parser.add_argument(
        "--work", type=Path, default=Path("build/pretraining"), help="folder for corpus and checkpoints"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "base_model", help="model folder")
    parser.add_argument("--no-compile", action="store_true", help="run without torch.compile")
    parser.add_argument("--steps", type=int, help="steps of each stage, to try the script out")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not (options.work / "tokenizer" / "tokenizer.json").exists():
        train_tokenizer(tokenizer_texts(STAGES[0].seed, TOKENIZER_DOCUMENTS), options.work / "tokenizer")
    last: Path | None = None
    for stage, settings in enumerate(STAGES):
        settings = replace(settings, compile=not options.no_compile)
        if options.steps is not None:
            settings = replace(settings, steps=options.steps, stop_at=None)
        last = run_stage(stage, settings, options.work, last)
    options.out.mkdir(parents=True, exist_ok=True)
    for file in [*sorted((options.work / "tokenizer").iterdir()), *(sorted(last.iterdir()) if last else [])]:
        shutil.copyfile(file, options.out / file.name)
    print(f"model in {options.out}")


if __name__ == "__main__":
    main()
