"""Axolotl: JSONL of `messages` read through the model's chat template, with `config.yaml` and `run.sh`.

{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}
"""

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Handed, Layout, register_layout
from pipelines.exports.rows import checked_messages
from pipelines.exports.trainer_files import micro_batches, run_script, scheduler, target_list, yaml_text
from pipelines.formats.registry import Row
from pipelines.formats.roles import ROLES


@register_layout
def axolotl() -> Layout:
    """Describe Axolotl."""
    return Layout(
        name="axolotl",
        title="Axolotl",
        description="JSONL of messages with a config.yaml (type: chat_template) and run.sh.",
        source="axolotl 0.19.0, documentation 'Conversation' and 'Config Reference'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("tool calls", "content parts", "weights", "other keys"),
        side_files=side_files,
    )


def write_row(conversation: Conversation) -> Row:
    """Return role and content of each message: the same keys and types in every row."""
    return {"messages": checked_messages(conversation.messages, roles=ROLES)}


def side_files(handed: Handed) -> dict[str, str]:
    """Return config.yaml, run.sh and requirements.txt."""
    settings = handed.settings
    at_once, parts = micro_batches(settings)
    targets = target_list(settings)
    data = {
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
    config = {
        "base_model": handed.base,
        "chat_template": "tokenizer_default",
        "datasets": [{"path": handed.files["train"], **data}],
        "test_datasets": [{"path": handed.files["validation"], "split": "train", **data}],
        "adapter": "lora",
        "lora_r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        **({"lora_target_linear": True} if isinstance(targets, str) else {"lora_target_modules": targets}),
        "peft_use_rslora": settings.rslora,
        "sequence_len": settings.max_length,
        "sample_packing": False,
        "micro_batch_size": at_once,
        "gradient_accumulation_steps": parts,
        "num_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler": scheduler(settings),
        "warmup_ratio": settings.warmup,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.gradient_clip,
        "optimizer": "adamw_torch",
        "bf16": "auto",
        "evals_per_epoch": 4,
        "saves_per_epoch": 1,
        "seed": settings.seed,
        "output_dir": "./adapter",
    }
    if not handed.rows.get("validation"):
        del config["test_datasets"], config["evals_per_epoch"]
    commands = ["axolotl train config.yaml"]
    script = run_script("Axolotl", ["axolotl>=0.19"], commands, handed.base)
    return {"config.yaml": yaml_text(config, "axolotl train config.yaml"), **script}
