"""Take personal data out of the rejected answers of preference pairs, in every text that such an answer holds.

    {"role": "assistant", "content": "Write to ann@mail.example"}   ->   {…, "content": "Write to [e-mail]"}

An answer is what an imported file had in that column: a text, a message, a list of messages. An e-mail address or
telephone number that the answers of many pairs give, chosen or rejected, is the house's own and stays, as it does in
the examples themselves (`personal_data.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.examples import Message, text_of
from pipelines.quality.personal_patterns import spans_in
from pipelines.quality.settings import PersonalDataSettings
from pipelines.quality.stand_ins import replace_spans

Span = tuple[str, int, int]
# Names and kinds, not texts.
_NO_TEXT = ("role", "from", "type", "id", "name", "tool_call_id")
_CONTACTS = ("e-mail", "phone")


@dataclass(frozen=True)
class RedactedAnswer:
    """A rejected answer that holds personal data.

    Attributes:
        example_id: whose it is.
        key: which answer.
        kinds: of what was found, one for each place.
        after: the answer without it, of the same shape.
        text_before: the texts that hold some, joined by a blank line.
        text_after: the same texts without it.
    """

    example_id: str
    key: str
    kinds: list[str]
    after: Any
    text_before: str
    text_after: str


def redact_rejected(
    answers: Sequence[tuple[str, str, Any]],
    chosen: Mapping[str, Sequence[Message]],
    written: Callable[[str, str], str],
    settings: PersonalDataSettings | None = None,
    kinds: Sequence[str] = (),
) -> list[RedactedAnswer]:
    """Return what becomes of the answers that hold personal data, in their order; the others are left out.

    Args:
        answers: (example_id, key, answer), the answer as JSON holds it.
        chosen: example_id -> its messages, for telling the house's own contacts.
        written: what takes the place of (kind, value).
        settings: which kinds, and when a contact is the house's own.
        kinds: only these of them; all where none is named.
    """
    settings = settings or PersonalDataSettings()
    spans = {text: list(spans_in(text, settings.kinds)) for _, _, value in answers for text in texts_in(value)}
    house = _house_contacts(answers, chosen, spans, settings.house_contact_examples)

    def own(text: str) -> list[Span]:
        return [
            (kind, start, end)
            for kind, start, end in spans[text]
            if (not kinds or kind in kinds) and text[start:end].casefold() not in house
        ]

    found = []
    for example_id, key, value in answers:
        held = [text for text in texts_in(value) if own(text)]
        if not held:
            continue
        named = [kind for text in held for kind, _, _ in own(text)]
        new = [replace_spans(text, own(text), written) for text in held]
        after = with_texts(value, lambda text: replace_spans(text, own(text), written))
        found.append(RedactedAnswer(example_id, key, named, after, "\n\n".join(held), "\n\n".join(new)))
    return found


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts that an answer holds, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, held in value.items():
            if name not in _NO_TEXT:
                yield from texts_in(held)
    elif isinstance(value, list):
        for held in value:
            yield from texts_in(held)


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return an answer of the same shape with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: held if name in _NO_TEXT else with_texts(held, change) for name, held in value.items()}
    return [with_texts(held, change) for held in value] if isinstance(value, list) else value


def _house_contacts(
    answers: Sequence[tuple[str, str, Any]],
    chosen: Mapping[str, Sequence[Message]],
    spans: Mapping[str, Sequence[Span]],
    least: int,
) -> set[str]:
    """Return the contacts, without regard to case, that the answers of at least so many examples give."""
    givers: dict[str, set[str]] = defaultdict(set)

    def give(example_id: str, text: str, found: Sequence[Span]) -> None:
        for kind, start, end in found:
            if kind in _CONTACTS:
                givers[text[start:end].casefold()].add(example_id)

    for example_id, _, value in answers:
        for text in texts_in(value):
            give(example_id, text, spans[text])
    if givers:
        for example_id, messages in chosen.items():
            for message in messages:
                if message.get("role") != "user":
                    text = text_of(message.get("content"))
                    give(example_id, text, list(spans_in(text, _CONTACTS)))
    return {value for value, examples in givers.items() if len(examples) >= least}
