"""How fast the trainer is against stock ones: real tokens per CPU-second, and where the validation loss ends.

Same base model, same 480 training examples, LoRA rank 16 on all linear layers, effective batch 16, four passes, the
same learning rate, completions alone in the loss, the same precision (bfloat16 where the processor has it in hardware),
one thread. Each runs in a process of its own, in turn; the clock is the process's CPU time around the training alone,
with the data tokenised before. Validation loss is computed by one function for all; each repeat has another seed.

    ours      this project's loop, batches of any lengths computed without padding (batches=mixed)
    similar   this project's loop, batches of similar length, padded (batches=similar)
    grouped   transformers.Trainer, dynamic padding, batches of similar length
    dynamic   transformers.Trainer, dynamic padding
    trl       TRL's SFTTrainer at its defaults (gradient checkpointing) but for completion-only loss and, where the
              processor has no bfloat16, float32 (emulated, one pass had not ended after 400 seconds); left out where
              trl is not installed

    python -m tests.benchmarks.training_speed [--repeats 3] [--examples 480] [--epochs 4]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

KINDS = ("ours", "similar", "grouped", "dynamic", "trl")
TARGETS = {"trl": 2.9, "dynamic": 1.5, "grouped": 1.2}
RATE, BATCH, RANK, VALIDATION = 2e-3, 16, 16, 64
ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--examples", type=int, default=480)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(run_one(given.one, given.examples, given.epochs, given.seed)))
        return
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for seed in range(given.repeats):
        for kind in KINDS:
            row = in_a_process(kind, ["--examples", given.examples, "--epochs", given.epochs, "--seed", seed])
            if row is not None:
                found[kind].append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
    report(found)


def in_a_process(kind: str, told: list[Any]) -> dict[str, Any] | None:
    """Measure one trainer in a fresh process; None where its library is missing."""
    command = [sys.executable, "-m", "tests.benchmarks.training_speed", "--one", kind, *map(str, told)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if "No module named 'trl'" in done.stderr:
            return None
        raise SystemExit(f"{kind} failed:\n{done.stderr[-3000:]}")
    row: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the medians, and how many times as fast ours is."""
    speeds = {kind: statistics.median(row["speed"] for row in rows) for kind, rows in found.items() if rows}
    heads = f"{'trainer':<9} {'tokens/CPU-s':>13} {'range':>17} {'CPU-s':>7} {'val. loss, range':>22}"
    print(f"{heads} {'ours is':>8}  target")
    for kind, speed in speeds.items():
        rows = found[kind]
        low, high = min(row["speed"] for row in rows), max(row["speed"] for row in rows)
        seconds = statistics.median(row["seconds"] for row in rows)
        losses = sorted(row["loss"] for row in rows)
        loss = f"{statistics.median(losses):.3f} ({losses[0]:.3f}-{losses[-1]:.3f})"
        target = f"{TARGETS[kind]:g}" if kind in TARGETS else ""
        print(
            f"{kind:<9} {speed:>13,.0f} {f'{low:,.0f}-{high:,.0f}':>17} {seconds:>7.1f} {loss:>22}"
            f" {speeds['ours'] / speed:>7.2f}x  {target}"
        )
    for kind in sorted(set(KINDS) - set(speeds)):
        print(f"{kind}: not installed")


def run_one(kind: str, count: int, epochs: int, seed: int) -> dict[str, Any]:
    """Train once; returns tokens per CPU-second, the CPU-seconds and the validation loss at the end."""
    from pipelines.training.adapter import add_adapter, fold_adapters
    from pipelines.training.base import load_base
    from pipelines.training.data import tokenise
    from pipelines.training.libraries import set_up_libraries
    from pipelines.training.loop import Loop
    from pipelines.training.prepare import hardware_bf16
    from pipelines.training.settings import TrainSettings

    set_up_libraries(1)
    rows = conversations(count + VALIDATION)
    settings = TrainSettings(
        rank=RANK,
        alpha=2 * RANK,
        dropout=0.0,
        rslora=False,
        learning_rate=RATE,
        batch_size=BATCH,
        epochs=epochs,
        batches="mixed" if kind == "ours" else "similar",
        seed=seed,
        schedule="linear",
        warmup=0.0,
        device="cpu",
    )
    model, tokenizer = load_base("default")
    train = tokenise(rows[:count], tokenizer, max_length=2048).examples
    held_out = tokenise(rows[count:], tokenizer, max_length=2048).examples
    bf16 = hardware_bf16("cpu")
    tuned = add_adapter(model, settings)
    steps = epochs * -(-len(train) // BATCH)
    with tempfile.TemporaryDirectory() as folder:
        if kind in ("ours", "similar"):
            fold_adapters(tuned)
            loop = Loop(tuned, train, held_out, settings, steps=steps, pad_id=0, device="cpu", bf16=bf16)
            began = time.process_time()
            for _ in range(steps):
                loop.advance()
            seconds = time.process_time() - began
        else:
            trainer = (trl_trainer if kind == "trl" else stock_trainer)(
                tuned, tokenizer, train, rows[:count], common_arguments(folder, bf16, epochs, seed), kind == "grouped"
            )
            began = time.process_time()
            trainer.train()
            seconds = time.process_time() - began
    judge = Loop(tuned, train, held_out, settings, steps=1, pad_id=0, device="cpu", bf16=False)
    tokens = epochs * sum(len(example.tokens) for example in train)
    return {"kind": kind, "speed": tokens / seconds, "seconds": seconds, "loss": float(judge.evaluate()[0])}


def stock_trainer(model: Any, tokenizer: Any, train: Any, rows: Any, told: Any, grouped: bool) -> Any:
    """Return transformers' Trainer on the same tokens, padded batch by batch."""
    from datasets import Dataset
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    data = Dataset.from_list(
        [
            {
                "input_ids": example.tokens,
                "labels": [t if on else -100 for t, on in zip(example.tokens, example.trained, strict=True)],
                "length": len(example.tokens),
            }
            for example in train
        ]
    )
    arguments = TrainingArguments(train_sampling_strategy="group_by_length" if grouped else "random", **told)
    collator = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100)
    return Trainer(model=model, args=arguments, train_dataset=data, data_collator=collator)


def trl_trainer(model: Any, tokenizer: Any, train: Any, rows: Any, told: Any, grouped: bool) -> Any:
    """Return TRL's SFTTrainer, which tokenises by itself, before the clock starts."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(assistant_only_loss=True, max_length=2048, **told)
    data = Dataset.from_list([{"messages": messages} for messages in rows])
    return SFTTrainer(model=model, args=config, train_dataset=data, processing_class=tokenizer)


def common_arguments(folder: str, bf16: bool, epochs: int, seed: int) -> dict[str, Any]:
    """Return what is set alike for every stock trainer."""
    return {
        "output_dir": folder,
        "per_device_train_batch_size": BATCH,
        "num_train_epochs": epochs,
        "learning_rate": RATE,
        "weight_decay": 0.01,
        "max_grad_norm": 1.0,
        "lr_scheduler_type": "linear",
        "use_cpu": True,
        "bf16": bf16,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_strategy": "no",
        "seed": seed,
    }


def conversations(count: int) -> list[Any]:
    """Read the first conversations of the sample data that end with an answer."""
    found = []
    for line in (ROOT / "sample_data" / "train.jsonl").read_text("utf-8").splitlines():
        try:
            messages = json.loads(line)["messages"]
        except (ValueError, KeyError, TypeError):
            continue
        if messages and messages[-1].get("role") == "assistant" and messages[-1].get("content"):
            found.append(messages)
        if len(found) == count:
            break
    return found


if __name__ == "__main__":
    main()
