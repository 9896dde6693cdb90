"""Turn conversations into tokens and labels: what the model reads, and which tokens it is trained on.

Method: the conversation is rendered by the model's own chat template and tokenised once. Trained are the assistant's
spans, end-of-turn token included: from the template's `{% generation %}` marks, or, where a template has none, from the
difference between the rendering before and after each assistant message. Everything else is read, not learned.

Not covered: templates that rewrite earlier turns (they are refused), images, tool calls.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message, text_of
from pipelines.progress import Progress, no_progress

GENERATION_MARK = "generation %}"
CHUNK = 256


@dataclass(frozen=True)
class TokenisedExample:
    """One conversation as the trainer reads it: `trained[i]` says whether token i is learned (predicted)."""

    tokens: list[int]
    trained: list[bool]
    truncated: bool
    lost: int
    """Trained tokens that the cut took away."""

    @property
    def supervised(self) -> int:
        """Number of tokens that give a loss; a first token has nothing that predicts it."""
        return sum(self.trained[1:])

    @property
    def size(self) -> int:
        """Tokens that are computed for it in a batch of its own."""
        return len(self.tokens)

    @property
    def read(self) -> int:
        """Tokens that are read for it, without padding."""
        return len(self.tokens)

    @property
    def sides(self) -> tuple["TokenisedExample", ...]:
        """The token sequences that it consists of: itself (of a preference pair, both answers)."""
        return (self,)

    def cut(self, length: int) -> "TokenisedExample":
        """Return it with at most so many tokens."""
        return replace(self, tokens=self.tokens[:length], trained=self.trained[:length])


@dataclass(frozen=True)
class TokenisedData:
    """Examples ready to train on, and what happened to the others (positions in the input, from 0)."""

    examples: list[TokenisedExample]
    positions: list[int]
    truncated: list[int]
    vanished: list[int]
    """Left out: nothing to learn in them, at all or after the cut."""
    control_tokens: list[int]
    """Kept: their text spells a control token of the model, which the tokenizer takes for a real one."""
    lost: int = 0
    """Trained tokens that the cut took away, those of examples that are left out included."""

    @property
    def tokens(self) -> int:
        """Tokens of all examples that are left."""
        return sum(len(example.tokens) for example in self.examples)

    @property
    def supervised(self) -> int:
        """Tokens that give a loss in all examples that are left."""
        return sum(example.supervised for example in self.examples)


def read_conversations(path: Path) -> list[list[Message]]:
    """Read a chat file: one `{"messages": [...]}` a line.

    Raises:
        CurationError: the file is missing, or a line is no such object; names the line.
    """
    conversations: list[list[Message]] = []
    remedy = "Export the split again; a run's data files are not edited by hand."
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                messages = json.loads(line)["messages"]
                if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
                    raise ValueError("messages is no list of objects")
                conversations.append(messages)
    except OSError as error:
        raise CurationError(f"The data file '{path.name}' cannot be read: {error.strerror}.", remedy) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CurationError(
            f"{path.name}, line {len(conversations) + 1}: no conversation ({error}).", remedy
        ) from error
    return conversations


def tokenise(
    conversations: Sequence[Sequence[Message]],
    tokenizer: Any,
    *,
    max_length: int,
    turns: str = "all",
    progress: Progress = no_progress,
) -> TokenisedData:
    """Render, tokenise and mark every conversation; leave out those with nothing to learn.

    Args:
        conversations: messages with `role` and `content`.
        tokenizer: a fast tokenizer with a chat template.
        max_length: longest example in tokens; the end of a longer one is cut.
        turns: `all` assistant messages are trained or the `last` one; those that carry a `weight` of 0 never are.
        progress: told after every few hundred conversations.

    Raises:
        CurationError: the template refuses a conversation or rewrites earlier turns.
    """
    examples: list[TokenisedExample] = []
    positions: list[int] = []
    truncated: list[int] = []
    vanished: list[int] = []
    control: list[int] = []
    lost = 0
    marked = GENERATION_MARK in template_text(tokenizer)
    specials = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    for start in range(0, len(conversations), CHUNK):
        chunk = [plain_messages(messages) for messages in conversations[start : start + CHUNK]]
        for offset, (tokens, trained) in enumerate(_rendered(chunk, tokenizer, marked=marked, first=start)):
            position = start + offset
            trained = chosen_turns(trained, conversations[position], turns, position)
            example = TokenisedExample(
                tokens=tokens[:max_length],
                trained=trained[:max_length],
                truncated=len(tokens) > max_length,
                lost=sum(trained[max_length:]),
            )
            lost += example.lost
            if example.truncated:
                truncated.append(position)
            if any(special in message["content"] for message in chunk[offset] for special in specials):
                control.append(position)
            if example.supervised == 0:
                vanished.append(position)
                continue
            examples.append(example)
            positions.append(position)
        progress((start + len(chunk)) / len(conversations), "Tokenising")
    return TokenisedData(examples, positions, truncated, vanished, control, lost)


def chosen_turns(trained: list[bool], messages: Sequence[Message], turns: str, position: int) -> list[bool]:
    """Take the training mark from assistant messages that are not to be learned.

    Raises:
        CurationError: a weight other than 0 and 1, or turns that the rendered text does not keep apart.
    """
    answers = [message for message in messages if message.get("role") == "assistant"]
    weights = [message.get("weight", 1) for message in answers]
    wrong = next((weight for weight in weights if weight not in (0, 1)), None)
    if wrong is not None:
        raise CurationError(
            f"An assistant message of example {position + 1} has the weight {wrong!r}.",
            "A weight is 1 (learned) or 0 (only read).",
        )
    learned = [weight == 1 and (turns == "all" or place == len(answers) - 1) for place, weight in enumerate(weights)]
    if all(learned):
        return trained
    # The number of each token's run of trained tokens; runs and assistant messages come in the same order.
    begins = [now and not before for before, now in zip([False, *trained], trained, strict=False)]
    if sum(begins) != len(answers):
        raise CurationError(
            f"The turns of example {position + 1} cannot be told apart: {len(answers)} assistant messages make"
            f" {sum(begins)} stretches of trained text.",
            "Set turns to all and remove weights, or join assistant messages that follow each other.",
        )
    run, kept = -1, []
    for begin, now in zip(begins, trained, strict=True):
        run += begin
        kept.append(now and learned[run])
    return kept


def plain_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Reduce messages to what a template needs: role and text."""
    return [{"role": str(message.get("role")), "content": text_of(message.get("content"))} for message in messages]


def template_text(tokenizer: Any) -> str:
    """Return the chat template that is used: the only one, or the one named `default`."""
    template = tokenizer.chat_template
    return template.get("default", "") if isinstance(template, dict) else str(template or "")


def _rendered(
    chunk: list[list[dict[str, str]]], tokenizer: Any, *, marked: bool, first: int
) -> list[tuple[list[int], list[bool]]]:
    try:
        if marked:
            encoded = tokenizer.apply_chat_template(
                chunk, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
            )
            pairs = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
            return [_with_end(tokens, [bool(mark) for mark in marks], tokenizer) for tokens, marks in pairs]
        return [_by_prefix(messages, tokenizer, position) for position, messages in enumerate(chunk, start=first)]
    except CurationError:
        raise
    except Exception as error:  # Jinja errors and what templates raise by themselves
        raise CurationError(
            f"The model's chat template cannot render one of the examples {first + 1} to {first + len(chunk)}: {error}",
            "Look at their roles: many templates want user and assistant in turn, a system message only first.",
        ) from error


def _by_prefix(messages: list[dict[str, str]], tokenizer: Any, position: int) -> tuple[list[int], list[bool]]:
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    spans: list[tuple[int, int]] = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = tokenizer.apply_chat_template(messages[:index], tokenize=False, add_generation_prompt=True)
        after = tokenizer.apply_chat_template(messages[: index + 1], tokenize=False)
        if not whole.startswith(after) or not after.startswith(before):
            raise CurationError(
                f"The chat template renders earlier turns of example {position + 1} anew once later ones follow.",
                "Use a template with {% generation %} marks, which say where the answers stand.",
            )
        spans.append((len(before), len(after.rstrip("\n"))))
    encoded = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    trained = [
        any(start < stop and start >= low and start < high for low, high in spans)
        for start, stop in encoded["offset_mapping"]
    ]
    return list(encoded["input_ids"]), trained


def _with_end(tokens: list[int], trained: list[bool], tokenizer: Any) -> tuple[list[int], list[bool]]:
    """Learn the end of a turn too where the template's mark stops short of it."""
    ends = tokenizer.eos_token_id
    for index in range(1, len(tokens)):
        if tokens[index] == ends and trained[index - 1] and not trained[index]:
            trained[index] = True
    return tokens, trained
