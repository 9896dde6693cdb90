"""TRL: conversations, prompt and completion as messages, or preference pairs, with a plain training script.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}
    {"prompt": [user], "completion": [assistant]}
    {"prompt": [user], "chosen": [assistant], "rejected": [assistant]}

`train.py` holds the project's settings in the open; the script trains on the answers alone. Started by `accelerate
launch` or `torchrun` on several GPUs or nodes it divides each batch among the processes, so that a step has as many
examples as was set.
"""

import json

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Handed, Layout, register_layout
from pipelines.exports.rows import checked_messages, rejected_of
from pipelines.exports.trainer_files import MICRO_BATCH, run_script, scheduler, target_list
from pipelines.formats.registry import Row
from pipelines.formats.roles import ROLES

_SOURCE = "trl 1.16, documentation 'Dataset formats and types'"
_LEFT = ("tool calls (one type a column is needed)", "content parts", "weights", "other keys")


@register_layout
def trl_chat() -> Layout:
    """Describe TRL's conversations."""
    return Layout(
        name="trl-chat",
        title="TRL conversations",
        description="JSONL of messages for TRL's SFTTrainer, with train.py and run.sh.",
        source=_SOURCE,
        write_row=chat_row,
        files=TRAINER_SPLITS,
        not_carried=_LEFT,
        side_files=lambda handed: script_files(handed, "SFT"),
    )


@register_layout
def trl_prompt_completion() -> Layout:
    """Describe TRL's prompt and completion."""
    return Layout(
        name="trl-prompt-completion",
        title="TRL prompt and completion",
        description="JSONL of prompt and completion as messages: only the last answer is learned; with train.py.",
        source=_SOURCE,
        write_row=prompt_completion_row,
        files=TRAINER_SPLITS,
        not_carried=_LEFT,
        side_files=lambda handed: script_files(handed, "SFT"),
    )


@register_layout
def trl_preference() -> Layout:
    """Describe TRL's preference pairs."""
    return Layout(
        name="trl-preference",
        title="TRL preference pairs",
        description="JSONL of prompt, chosen and rejected as messages for TRL's DPOTrainer, with train.py.",
        source=_SOURCE,
        write_row=preference_row,
        files=TRAINER_SPLITS,
        not_carried=("examples without a rejected answer", *_LEFT),
        side_files=lambda handed: script_files(handed, "DPO"),
        needs="rejected",
    )


def chat_row(conversation: Conversation) -> Row:
    """Return role and content of each message: the same keys and types in every row."""
    return {"messages": checked_messages(conversation.messages, roles=ROLES)}


def prompt_completion_row(conversation: Conversation) -> Row:
    """Return the messages before the last answer, and the last answer."""
    messages = checked_messages(conversation.messages, roles=ROLES)
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def preference_row(conversation: Conversation) -> Row:
    """Return the messages before the answer, the answer and the rejected one."""
    messages = checked_messages(conversation.messages, roles=ROLES)
    rejected = rejected_of(conversation.messages, conversation.extra)
    return {"prompt": messages[:-1], "chosen": messages[-1:], "rejected": rejected}


def script_files(handed: Handed, kind: str) -> dict[str, str]:
    """Return train.py, run.sh and requirements.txt.

    Args:
        handed: what is handed over.
        kind: SFT or DPO.
    """
    script = run_script(
        "TRL", ["trl>=1.16", "peft>=0.21", "transformers>=5", "datasets>=4"], ["python3 train.py"], handed.base
    )
    return {"train.py": training_script(handed, kind), **script}


def training_script(handed: Handed, kind: str) -> str:
    """Return a plain script that trains with the project's settings."""
    settings = handed.settings
    only_answers = handed.files and kind == "SFT"
    values = {
        "output_dir": "checkpoints",
        "num_train_epochs": float(settings.epochs),
        "per_device_train_batch_size": None,
        "gradient_accumulation_steps": None,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": scheduler(settings),
        "warmup_steps": settings.warmup,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.gradient_clip,
        "max_length": settings.max_length,
        "seed": settings.seed,
        "bf16": None,
        "eval_strategy": "epoch" if handed.rows.get("validation") else "no",
        "save_strategy": "epoch",
        "logging_steps": 10,
        "report_to": "none",
    }
    lines = [f"    {name}={_value(name, value)}," for name, value in values.items()]
    if scheduler(settings) == "warmup_stable_decay":
        lines.append('    lr_scheduler_kwargs={"num_decay_steps": STEPS // 3},')
    data = ", ".join(f"{json.dumps(split)}: {json.dumps(handed.files[split])}" for split in _splits(handed))
    steps = max(1, round(settings.epochs * handed.rows["train"] / settings.batch_size))
    return "\n".join(
        [
            f'"""Train an adapter with TRL ({kind}) on this folder\'s data, with the project\'s settings."""',
            "",
            "import os",
            "",
            "import torch",
            "from datasets import load_dataset",
            "from peft import LoraConfig",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            f"from trl import {kind}Config, {kind}Trainer",
            "",
            f"BASE = {json.dumps(handed.base)}",
            f"STEPS = {steps}",
            f"BATCH = {settings.batch_size}",
            "# Processes that share a batch: accelerate launch and torchrun say how many there are.",
            'SHARE, LEFT = divmod(BATCH, int(os.environ.get("WORLD_SIZE", "1")))',
            "if LEFT or not SHARE:",
            '    raise SystemExit(f"A batch of {BATCH} cannot be divided evenly: start a divisor of it.")',
            f"AT_ONCE = max(n for n in range(1, {MICRO_BATCH} + 1) if SHARE % n == 0)",
            "",
            f'data = load_dataset("json", data_files={{{data}}})',
            "tokenizer = AutoTokenizer.from_pretrained(BASE)",
            "model = AutoModelForCausalLM.from_pretrained(BASE, use_safetensors=True, dtype=torch.float32)",
            "adapter = LoraConfig(",
            '    task_type="CAUSAL_LM",',
            f"    r={settings.rank},",
            f"    lora_alpha={settings.alpha},",
            f"    lora_dropout={settings.dropout},",
            f"    target_modules={json.dumps(target_list(settings))},",
            f"    use_rslora={settings.rslora},",
            ")",
            f"settings = {kind}Config(",
            *lines,
            *(["    **ANSWERS_ONLY,"] if only_answers else []),
            ")",
            f"trainer = {kind}Trainer(",
            "    model=model,",
            "    args=settings,",
            '    train_dataset=data["train"],',
            '    eval_dataset=data.get("validation"),',
            "    processing_class=tokenizer,",
            "    peft_config=adapter,",
            ")",
            "trainer.train()",
            'trainer.save_model("adapter")',
            "",
        ]
    ).replace(
        "settings = SFTConfig(",
        "# The loss is on the answers alone: by the template's generation marks, or on the completion column.\n"
        'ANSWERS_ONLY = {"assistant_only_loss": True} if "messages" in data["train"].column_names else {}\n'
        "settings = SFTConfig(",
    )


def _splits(handed: Handed) -> list[str]:
    return [split for split in handed.files if handed.rows.get(split)]


def _value(name: str, value: object) -> str:
    said = {
        "bf16": "torch.cuda.is_available() and torch.cuda.is_bf16_supported()",
        "per_device_train_batch_size": "AT_ONCE",
        "gradient_accumulation_steps": "SHARE // AT_ONCE",
    }
    return said.get(name) or json.dumps(value)
