"""Unsloth: JSONL of `messages`, turned to text by the model's chat template in `train.py`, with `run.sh`.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}

Not covered: a loss on the answers alone; Unsloth's helper for it wants marks that only the person knows the model by.
"""

import json

from pipelines.exports.layouts.trl import chat_row
from pipelines.exports.registry import TRAINER_SPLITS, Handed, Layout, register_layout
from pipelines.exports.trainer_files import micro_batches, run_script, scheduler

_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@register_layout
def unsloth() -> Layout:
    """Describe Unsloth."""
    return Layout(
        name="unsloth",
        title="Unsloth",
        description="JSONL of messages with train.py (chat template to text) and run.sh.",
        source="unsloth 2026.10.9, its notebooks",
        write_row=chat_row,
        files=TRAINER_SPLITS,
        not_carried=("tool calls", "content parts", "weights", "other keys"),
        side_files=side_files,
    )


def side_files(handed: Handed) -> dict[str, str]:
    """Return train.py, run.sh and requirements.txt."""
    settings = handed.settings
    at_once, parts = micro_batches(settings)
    layers = _LAYERS if settings.targets == "all-linear" else [name.strip() for name in settings.targets.split(",")]
    files = ", ".join(
        f"{json.dumps(split)}: {json.dumps(file)}" for split, file in handed.files.items() if handed.rows.get(split)
    )
    script = f'''"""Train an adapter with Unsloth on this folder's data, with the project's settings."""

from unsloth import FastLanguageModel  # first: it patches the libraries below

from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(
    {json.dumps(handed.base)}, max_seq_length={settings.max_length}, load_in_4bit=False
)
model = FastLanguageModel.get_peft_model(
    model,
    r={settings.rank},
    lora_alpha={settings.alpha},
    lora_dropout={settings.dropout},
    target_modules={json.dumps(layers)},
    use_rslora={settings.rslora},
    random_state={settings.seed},
)
data = load_dataset("json", data_files={{{files}}})
data = data.map(lambda row: {{"text": tokenizer.apply_chat_template(row["messages"], tokenize=False)}})
trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=data["train"],
    eval_dataset=data.get("validation"),
    args=SFTConfig(
        dataset_text_field="text",
        max_length={settings.max_length},
        num_train_epochs={float(settings.epochs)},
        per_device_train_batch_size={at_once},
        gradient_accumulation_steps={parts},
        learning_rate={settings.learning_rate},
        lr_scheduler_type={json.dumps(scheduler(settings))},
        warmup_steps={settings.warmup},
        weight_decay={settings.weight_decay},
        max_grad_norm={settings.gradient_clip},
        seed={settings.seed},
        output_dir="checkpoints",
        report_to="none",
    ),
)
trainer.train()
model.save_pretrained("adapter")
tokenizer.save_pretrained("adapter")
'''
    requirements = ["unsloth>=2026.10"]
    return {"train.py": script, **run_script("Unsloth", requirements, ["python3 train.py"], handed.base)}
