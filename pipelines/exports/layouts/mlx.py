"""MLX (mlx-lm): a folder with `train.jsonl` and `valid.jsonl`, and its configuration.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}

mlx-lm would read a `test.jsonl` too; it is left away, since the test split stays sealed (mlx-lm trains without).
"""

from pipelines.exports.registry import Conversation, Handed, Layout, register_layout
from pipelines.exports.rows import checked_messages, tools_of
from pipelines.exports.trainer_files import adapter_scale, micro_batches, planned_steps, run_script, yaml_text
from pipelines.formats.registry import Row
from pipelines.formats.roles import ROLES


@register_layout
def mlx() -> Layout:
    """Describe MLX."""
    return Layout(
        name="mlx",
        title="MLX",
        description="train.jsonl and valid.jsonl of messages, with config.yaml and run.sh for mlx-lm on a Mac.",
        source="mlx-lm 0.32.2, `mlx_lm.lora` and its example configuration",
        write_row=write_row,
        files={"train": "train.jsonl", "validation": "valid.jsonl"},
        not_carried=("content parts", "weights", "names"),
        side_files=side_files,
    )


def write_row(conversation: Conversation) -> Row:
    """Return messages, and tools where the example has some."""
    keys = ("tool_calls", "tool_call_id", "name")
    tools = tools_of(conversation.extra)
    messages = checked_messages(conversation.messages, roles=ROLES, keys=keys)
    return {"messages": messages, **({"tools": tools} if tools else {})}


def side_files(handed: Handed) -> dict[str, str]:
    """Return config.yaml, run.sh and requirements.txt."""
    settings = handed.settings
    at_once, parts = micro_batches(settings)
    steps = planned_steps(handed)
    config = {
        "model": handed.base,
        "train": True,
        "data": ".",
        "fine_tune_type": "lora",
        "mask_prompt": True,
        "num_layers": -1,
        "batch_size": at_once,
        "grad_accumulation_steps": parts,
        "iters": steps * parts,
        "learning_rate": settings.learning_rate,
        "optimizer": "adamw",
        "optimizer_config": {"adamw": {"weight_decay": settings.weight_decay}},
        "max_seq_length": settings.max_length,
        "lora_parameters": {"rank": settings.rank, "scale": adapter_scale(settings), "dropout": settings.dropout},
        "steps_per_eval": max(1, steps * parts // 10),
        "adapter_path": "adapter",
        "seed": settings.seed,
    }
    comment = "mlx_lm.lora --config config.yaml. mlx-lm masks all but the last answer (mask_prompt)."
    script = run_script("MLX", ["mlx-lm>=0.32"], ["mlx_lm.lora --config config.yaml"], handed.base)
    return {"config.yaml": yaml_text(config, comment), **script}
