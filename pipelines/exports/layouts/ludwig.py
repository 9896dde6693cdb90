"""Ludwig: CSV files with a column for each text, and `config.yaml` of a model of type llm.

prompt,completion
"Where is my order?","It is on its way."
"""

from pipelines.exports.registry import Conversation, Handed, Layout, register_layout
from pipelines.exports.trainer_files import micro_batches, run_script, scheduler, yaml_text
from pipelines.formats.containers.delimited import table_row, write_csv
from pipelines.formats.registry import Row


@register_layout
def ludwig() -> Layout:
    """Describe Ludwig."""
    return Layout(
        name="ludwig",
        title="Ludwig",
        description="CSV of prompt and completion (formulas made harmless) with config.yaml and run.sh.",
        source="ludwig 0.11, documentation 'Large Language Models'",
        write_row=write_row,
        files={"train": "train.csv", "validation": "validation.csv"},
        not_carried=("several turns", "tool calls", "content parts", "weights", "NUL characters"),
        write_rows=write_csv,
        side_files=side_files,
    )


def write_row(conversation: Conversation) -> Row:
    """Return prompt and completion, with a system column where the export has one."""
    return table_row(conversation.messages, conversation.with_system)


def side_files(handed: Handed) -> dict[str, str]:
    """Return config.yaml, run.sh and requirements.txt."""
    settings = handed.settings
    at_once, parts = micro_batches(settings)
    schedule = {"cosine": "cosine", "linear": "linear"}.get(scheduler(settings))
    config = {
        "model_type": "llm",
        "base_model": handed.base,
        "input_features": [{"name": "prompt", "type": "text"}],
        "output_features": [{"name": "completion", "type": "text"}],
        "prompt": {"template": "{system}\n\n{prompt}" if handed.with_system else "{prompt}"},
        "preprocessing": {"global_max_sequence_length": settings.max_length},
        "adapter": {
            "type": "lora",
            "r": settings.rank,
            "alpha": settings.alpha,
            "dropout": settings.dropout,
            "use_rslora": settings.rslora,
        },
        "trainer": {
            "type": "finetune",
            "epochs": max(1, round(settings.epochs)),
            "batch_size": at_once,
            "gradient_accumulation_steps": parts,
            "learning_rate": settings.learning_rate,
            "learning_rate_scheduler": {
                "warmup_fraction": settings.warmup,
                **({"decay": schedule} if schedule else {}),
            },
        },
    }
    command = "ludwig train --config config.yaml --training_set train.csv"
    if handed.rows.get("validation"):
        command += " --validation_set validation.csv"
    command += f" --random_seed {settings.seed} --output_directory results"
    return {
        "config.yaml": yaml_text(config, command),
        **run_script("Ludwig", ["ludwig[llm]>=0.11"], [command], handed.base),
    }
