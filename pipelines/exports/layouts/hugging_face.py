"""A dataset folder for the Hugging Face hub or `datasets.load_dataset(FOLDER)`: data files and a dataset card.

README.md           front matter with the splits' files, then the data card
data/train.jsonl    {"messages": […]}
"""

from pipelines.exports.registry import Conversation, Handed, Layout, register_layout
from pipelines.exports.rows import checked_messages
from pipelines.exports.trainer_files import yaml_text
from pipelines.formats.registry import Row
from pipelines.formats.roles import ROLES


@register_layout
def hf_dataset() -> Layout:
    """Describe the dataset folder."""
    return Layout(
        name="hf-dataset",
        title="Hugging Face dataset folder",
        description="data/*.jsonl of messages with a README.md that names the splits: the dataset card.",
        source="datasets 5.2, hub documentation 'Manual configuration'",
        write_row=write_row,
        files={split: f"data/{split}.jsonl" for split in ("train", "validation", "test")},
        not_carried=("tool calls (one type a column is needed)", "content parts", "weights", "other keys"),
        side_files=side_files,
    )


def write_row(conversation: Conversation) -> Row:
    """Return role and content of each message: the same keys and types in every row."""
    return {"messages": checked_messages(conversation.messages, roles=ROLES)}


def side_files(handed: Handed) -> dict[str, str]:
    """Return README.md: front matter and the data card."""
    rows = sum(handed.rows.values())
    bounds = (("n<1K", 1_000), ("1K<n<10K", 10_000), ("10K<n<100K", 100_000), ("100K<n<1M", 1_000_000))
    size = next((name for name, most in bounds if rows < most), "1M<n<10M")
    front = {
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": file} for split, file in handed.files.items() if handed.rows.get(split)
                ],
            }
        ],
    }
    return {"README.md": f"---\n{yaml_text(front)}---\n\n{handed.card}"}
