"""What is wrong with tokenised training data, as findings with the examples that they are about.

Red blocks a run. Yellow is a warning; some yellow ones must be accepted by a person (`needs_force`), because a run
would go through and most likely be of no use. Every check looks at the tokens that the trainer itself will see.

    double begin        two begin-of-text tokens: the template writes one, the tokenizer another
    no end              the last trained token ends nothing, so the tuned model would not know when to stop
    prompt differs      the prompt as it is rendered at generation is no beginning of the training text
    answer starts late  it is one, but training starts at another token than generation would
    padding trained     the padding token stands among the trained ones: other trainers mask it, this one does not
    unknown tokens      ids beyond the model's embedding

Not covered: whether the answers are good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.generation.generate import prompt_tokens
from pipelines.training.data import TokenisedData, TokenisedExample
from pipelines.training.pairs import PairData
from pipelines.training.settings import TrainSettings

# Below these numbers of training examples a run must be forced, or is warned about. Source: common practice.
LEAST_EXAMPLES = 50
FEW_EXAMPLES = 500
# An adapter holds about 2 bits a parameter, a completion asks for about 1 bit a token ("LoRA Without Regret", 2025).
BITS_A_PARAMETER = 2
# A run that loses more than this share of its examples or of its trained tokens must be forced.
LOSS_SHARE = 0.1
# Examples whose prompt is rendered a second time as at generation: spread over the data, since it costs a rendering.
RENDERED_AGAIN = 64
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    level: Literal["red", "yellow"]
    kind: str
    message: str
    examples: list[int] = field(default_factory=list)
    """Numbers of the examples in the training file, from 1; empty where it is about all of them."""
    needs_force: bool = False
    example_ids: list[str] = field(default_factory=list)


def find_problems(
    data: TokenisedData, conversations: Sequence[Sequence[Message]], model: Any, tokenizer: Any
) -> list[Finding]:
    """Find what is wrong with the tokens and labels themselves.

    Args:
        data: the tokenised examples.
        conversations: what they were made of; `data.positions` point into it.
        model: the base model, for the rows of its embedding.
        tokenizer: its tokenizer.
    """
    found = [
        *_double_begin(data, tokenizer),
        *_unknown_tokens(data, model),
        *_padding(data, tokenizer),
        *_no_end(data, tokenizer),
        *_prompts(data, conversations, tokenizer),
        *_lost(data),
    ]
    if data.control_tokens:
        found.append(
            Finding(
                "yellow",
                "control tokens",
                f"The text of {len(data.control_tokens):,} examples spells a control token of the model, which is read"
                f" as a real one (examples {listed(data.control_tokens)}).",
                _numbers(data.control_tokens),
            )
        )
    return found


def problems_of(data: TokenisedData | PairData, source: Sequence[Any], model: Any, tokenizer: Any) -> list[Finding]:
    """Find what is wrong with a run's tokens and labels, of preference pairs on both sides.

    Args:
        data: what was made of the source.
        source: conversations or pairs.
        model: the base model.
        tokenizer: its tokenizer.
    """
    if isinstance(data, TokenisedData):
        return find_problems(data, source, model, tokenizer)
    chosen = find_problems(data.chosen, [pair.chosen for pair in source], model, tokenizer)
    rejected = find_problems(data.rejected, [pair.rejected for pair in source], model, tokenizer)
    found = [*chosen, *(replace(one, message=f"Rejected answers: {one.message}") for one in rejected)]
    told = {*data.chosen.vanished, *data.rejected.vanished}
    same = [position for position in data.vanished if position not in told]
    if same:
        text = (
            f"Both answers of {len(same):,} pairs are the same tokens within the longest length; left out (pairs"
            f" {listed(same)})."
        )
        found.append(Finding("yellow", "same answers", text, _numbers(same), len(same) > LOSS_SHARE * len(source)))
    return found


def few_examples(count: int, what: str = "examples") -> list[Finding]:
    """Judge the number of training examples, or of preference pairs."""
    if count < LEAST_EXAMPLES:
        text = (
            f"Only {count} {what} can be trained on; below {LEAST_EXAMPLES} hardly anything is learned or can be"
            " measured. Keep or collect more."
        )
        return [Finding("yellow", "few examples", text, needs_force=True)]
    if count < FEW_EXAMPLES:
        return [
            Finding(
                "yellow",
                "few examples",
                f"{count} training {what} are few (under {FEW_EXAMPLES}); expect a weak and noisy result.",
            )
        ]
    return []


def small_capacity(parameters: int, supervised: int, settings: TrainSettings) -> list[Finding]:
    """Judge whether the adapter can hold what the completions say."""
    if parameters * BITS_A_PARAMETER >= supervised:
        return []
    enough = -(-supervised // BITS_A_PARAMETER) / parameters * settings.rank
    return [
        Finding(
            "yellow",
            "small adapter",
            f"The adapter is small for this much data ({parameters:,} parameters, {supervised:,} trained tokens); a"
            f" rank of {enough:,.0f} or more could hold it.",
        )
    ]


def refuse(findings: Sequence[Finding], *, forced: bool) -> None:
    """Stop a run that cannot work, or that most likely is of no use and was not forced.

    Raises:
        CurationError: names the first finding that blocks.
    """
    for finding in findings:
        if finding.level == "red":
            raise CurationError(finding.message, "The check lists the examples: workbench train PROJECT --check.")
    for finding in findings:
        if finding.needs_force and not forced:
            raise CurationError(finding.message, "Mend it, or start all the same: --force, or the switch on the page.")


def listed(positions: Sequence[int]) -> str:
    """Name the first few positions, counted from 1."""
    shown = ", ".join(str(position + 1) for position in positions[:SHOWN])
    return shown + (" …" if len(positions) > SHOWN else "")


def _numbers(positions: Sequence[int]) -> list[int]:
    return [position + 1 for position in positions]


def _where(data: TokenisedData, wrong: Sequence[bool]) -> list[int]:
    return [position for position, bad in zip(data.positions, wrong, strict=True) if bad]


def _double_begin(data: TokenisedData, tokenizer: Any) -> list[Finding]:
    begin = tokenizer.bos_token_id
    if begin is None:
        return []
    where = _where(data, [example.tokens[:2] == [begin] * 2 for example in data.examples])
    text = (
        f"{len(where):,} examples begin with two begin-of-text tokens (examples {listed(where)}). Remove one from the"
        " chat template."
    )
    return [Finding("red", "double begin", text, _numbers(where))] if where else []


def _unknown_tokens(data: TokenisedData, model: Any) -> list[Finding]:
    rows = int(model.get_input_embeddings().weight.shape[0])
    where = _where(data, [max(example.tokens) >= rows for example in data.examples])
    text = (
        f"{len(where):,} examples hold token ids beyond the model's {rows:,} (examples {listed(where)}): tokenizer and"
        " model do not match."
    )
    return [Finding("red", "unknown tokens", text, _numbers(where))] if where else []


def _padding(data: TokenisedData, tokenizer: Any) -> list[Finding]:
    pad = tokenizer.pad_token_id
    if pad is None or pad == tokenizer.eos_token_id:
        return []
    trained = (zip(example.tokens, example.trained, strict=True) for example in data.examples)
    where = _where(data, [any(token == pad and learned for token, learned in pairs) for pairs in trained])
    text = (
        f"The padding token stands in the trained text of {len(where):,} examples (examples {listed(where)}). Remove"
        " it from their answers."
    )
    return [Finding("red", "padding trained", text, _numbers(where))] if where else []


def _no_end(data: TokenisedData, tokenizer: Any) -> list[Finding]:
    whole = [not example.truncated for example in data.examples]
    where = _where(
        data, [good and not _ends(example, tokenizer) for good, example in zip(whole, data.examples, strict=True)]
    )
    if not where:
        return []
    if len(where) == sum(whole):
        text = (
            "No example trains a token that ends the answer, so the tuned model would not know when to stop. "
            "The chat template must close assistant messages with the tokenizer's end token."
        )
        return [Finding("red", "no end", text, _numbers(where))]
    text = f"{len(where):,} examples train no token that ends the answer (examples {listed(where)})."
    return [Finding("yellow", "no end", text, _numbers(where), needs_force=len(where) > LOSS_SHARE * sum(whole))]


def _ends(example: TokenisedExample, tokenizer: Any) -> bool:
    """Say whether the last trained token is one of the tokenizer's control tokens."""
    last = max(index for index, trained in enumerate(example.trained) if trained)
    known = tokenizer.added_tokens_decoder.get(example.tokens[last])
    return example.tokens[last] == tokenizer.eos_token_id or (known is not None and known.special)


def _prompts(data: TokenisedData, conversations: Sequence[Sequence[Message]], tokenizer: Any) -> list[Finding]:
    """Render some prompts as generation does, and compare them with the beginnings of the training texts."""
    differs: list[int] = []
    late: list[int] = []
    stride = max(1, len(data.examples) // RENDERED_AGAIN)
    for index in range(0, len(data.examples), stride):
        example, position = data.examples[index], data.positions[index]
        messages = conversations[position]
        if not messages or messages[-1].get("role") != "assistant" or example.truncated:
            continue
        prompt = prompt_tokens(messages, tokenizer)
        if example.tokens[: len(prompt)] != prompt:
            differs.append(position)
        elif example.trained[len(prompt) - 1] or not example.trained[len(prompt)]:
            late.append(position)
    found = []
    if differs:
        text = (
            f"The prompt that the model gets when it is asked is not how the training text begins ({len(differs):,} of"
            f" {-(-len(data.examples) // stride):,} examples looked at: {listed(differs)}). The chat template must"
            " render a conversation the same way with and without its answer."
        )
        found.append(Finding("red", "prompt differs", text, _numbers(differs)))
    if late:
        text = (
            f"Training begins at another token than generation ({len(late):,} examples looked at: {listed(late)}): the"
            " template puts text between the generation prompt and the answer."
        )
        found.append(Finding("yellow", "answer starts late", text, _numbers(late), needs_force=True))
    return found


def _lost(data: TokenisedData) -> list[Finding]:
    found = []
    count = len(data.examples) + len(data.vanished)
    if data.truncated:
        lost, left = data.lost, data.supervised
        share = lost / max(1, lost + left)
        text = (
            f"{len(data.truncated):,} examples ({len(data.truncated) / count:.1%}) are longer than the limit and are"
            f" cut; {lost:,} trained tokens ({share:.1%}) and their ends are lost with it (examples"
            f" {listed(data.truncated)})."
        )
        found.append(Finding("yellow", "truncated", text, _numbers(data.truncated), needs_force=share > LOSS_SHARE))
    if data.vanished:
        text = (
            f"{len(data.vanished):,} examples ({len(data.vanished) / count:.1%}) hold nothing to learn; left out"
            f" (examples {listed(data.vanished)})."
        )
        share = len(data.vanished) / count
        found.append(Finding("yellow", "vanished", text, _numbers(data.vanished), needs_force=share > LOSS_SHARE))
    return found
