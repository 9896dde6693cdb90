"""LLaMA-Factory: ShareGPT rows, `dataset_info.json`, `train.yaml` and `run.sh`.

    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hi."}], "system": "", "tools": ""}

A tool call is a turn `function_call` whose value is JSON, a tool's result a turn `observation`; the ids of calls are
not part of the form. LLaMA-Factory drops rows whose turns do not alternate with a mere warning; here they are left out
with their reason.
"""

import json
from typing import Any

from pipelines.examples import Message
from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Handed, Layout, register_layout
from pipelines.exports.rows import checked_messages, tools_of
from pipelines.exports.trainer_files import micro_batches, run_script, scheduler, target_list, yaml_text
from pipelines.formats.registry import Row, Unfit
from pipelines.formats.strict_json import parse_json

_REMEDY = "Export it as chat."
_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
}


@register_layout
def llama_factory() -> Layout:
    """Describe LLaMA-Factory."""
    return Layout(
        name="llama-factory",
        title="LLaMA-Factory",
        description="ShareGPT JSONL with dataset_info.json, train.yaml and run.sh; tool calls as its own turns.",
        source="llamafactory 0.9.5, data/README.md and its converters",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("ids of tool calls", "content parts", "weights", "two turns of one side in a row"),
        reads_back=False,
        side_files=side_files,
    )


def write_row(conversation: Conversation) -> Row:
    """Return turns, system text and tools, as text so that every row has the same types."""
    roles = ("system", "user", "assistant", "tool")
    keys = ("tool_calls", "tool_call_id", "name")
    messages = checked_messages(conversation.messages, roles=roles, keys=keys)
    system = ""
    if messages[0]["role"] == "system":
        system = str(messages[0]["content"])
        messages = messages[1:]
    turns = [_turn(message) for message in messages]
    asks = [turn["from"] in ("human", "observation") for turn in turns]
    if asks != [place % 2 == 0 for place in range(len(turns))]:
        raise Unfit("has turns that do not alternate, which LLaMA-Factory drops", _REMEDY)
    if turns[-1]["from"] == "function_call" and not tools_of(conversation.extra):
        raise Unfit("ends with a tool call but has no column 'tools'", _REMEDY)
    tools = tools_of(conversation.extra)
    text = json.dumps([tool.get("function", tool) for tool in tools]) if tools else ""
    return {"conversations": turns, "system": system, "tools": text}


def _turn(message: Message) -> dict[str, str]:
    role, content = message["role"], message.get("content")
    if role == "system":
        raise Unfit("has a system message that is not first", _REMEDY)
    if calls := message.get("tool_calls"):
        if content:
            raise Unfit("has a message with both a text and tool calls", _REMEDY)
        return {"from": "function_call", "value": json.dumps(_calls(calls))}
    return {"from": {"user": "human", "assistant": "gpt", "tool": "observation"}[role], "value": str(content)}


def _calls(calls: list[Any]) -> Any:
    written = []
    for call in calls:
        function = call.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Unfit("has a tool call that names no function", _REMEDY)
        arguments = function.get("arguments", {})
        if isinstance(arguments, str):
            try:
                arguments = parse_json(arguments)
            except Unfit:
                raise Unfit("has a tool call whose arguments are no JSON", _REMEDY) from None
        written.append({"name": function["name"], "arguments": arguments})
    return written[0] if len(written) == 1 else written


def side_files(handed: Handed) -> dict[str, str]:
    """Return dataset_info.json, train.yaml, run.sh and requirements.txt."""
    settings = handed.settings
    entry = {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
        "tags": _TAGS,
    }
    info = {split: {"file_name": file, **entry} for split, file in handed.files.items()}
    at_once, parts = micro_batches(settings)
    targets = target_list(settings)
    config = {
        "model_name_or_path": handed.base,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "lora_target": "all" if isinstance(targets, str) else ",".join(targets),
        "use_rslora": settings.rslora,
        "dataset_dir": ".",
        "dataset": "train",
        "template": "default",
        "cutoff_len": settings.max_length,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": parts,
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": scheduler(settings),
        "warmup_ratio": settings.warmup,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.gradient_clip,
        "seed": settings.seed,
        "bf16": True,
        "output_dir": "adapter",
        "logging_steps": 10,
        "save_strategy": "epoch",
        **({"eval_dataset": "validation", "eval_strategy": "epoch"} if handed.rows.get("validation") else {}),
    }
    comment = "llamafactory-cli train train.yaml\nSet template to the model's family (llama3, qwen, mistral, …)."
    script = run_script("LLaMA-Factory", ["llamafactory>=0.9.5"], ["llamafactory-cli train train.yaml"], handed.base)
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n", "train.yaml": yaml_text(config, comment), **script}
