"""Amazon Nova (and Llama 3.2) on Bedrock: the conversation schema of 2024, every content a list of texts.

{"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "Be brief."}],
 "messages": [{"role": "user", "content": [{"text": "Hello"}]}, {"role": "assistant", "content": [{"text": "Hi."}]}]}
"""

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import check_alternation, checked_messages
from pipelines.formats.registry import Row, Unfit

SCHEMA = "bedrock-conversation-2024"


@register_layout
def bedrock_nova() -> Layout:
    """Describe Nova on Bedrock."""
    return Layout(
        name="bedrock-nova",
        title="Nova and Llama 3.2 on Bedrock",
        description="JSONL of Bedrock's conversation schema, for Amazon Nova and Llama 3.2; 8 to 20,000 examples.",
        source="Amazon Nova user guide, 'Preparing data for fine-tuning understanding models'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("tool calls and tool results", "content parts", "weights", "two turns of one role in a row"),
        reads_back=False,
        minimum={"train": 8},
        maximum={"train": 20_000},
    )


def write_row(conversation: Conversation) -> Row:
    """Return schema, system texts and messages."""
    messages = checked_messages(conversation.messages, roles=("system", "user", "assistant"))
    check_alternation(messages)
    if any(not message["content"].strip() for message in messages):
        raise Unfit("has a blank message, which Bedrock refuses", "Fill it in, or drop it.")
    system = [{"text": message["content"]} for message in messages if message["role"] == "system"]
    turns = [
        {"role": message["role"], "content": [{"text": message["content"]}]}
        for message in messages
        if message["role"] != "system"
    ]
    return {"schemaVersion": SCHEMA, **({"system": system} if system else {}), "messages": turns}
