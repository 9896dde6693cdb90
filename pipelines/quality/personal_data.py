"""Find personal data and secrets in the messages of examples.

The result says where something stands and of what kind it is, never what it is: nothing that was found is copied into
a table, a log or a message. Addresses and telephone numbers that the answers of many examples give are the house's own
and are left out.

The patterns and their checks are in `personal_patterns.py`.
"""

from collections import defaultdict
from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns, messages_of, text_of
from pipelines.progress import Progress, no_progress
from pipelines.quality.personal_patterns import KINDS, spans_in
from pipelines.quality.settings import PersonalDataSettings

PERSONAL_DATA = pl.Schema(
    {
        "example_id": pl.String,
        "kind": pl.String,
        "start": pl.Int32,
        "end": pl.Int32,
        "message_index": pl.Int32,
    }
)

# Every kind holds an @, a run of digits, or the mark of a key; other rows need not be read.
LIKELY = (
    r"@|\d[\d .()/-]{4,}\d|[0-9a-fA-F]:[0-9a-fA-F]|PRIVATE KEY|[spr]k[-_]|AKIA|gh[pousr]_|github_pat_|xox[abprs]-|AIza|"
    r"hf_|eyJ|(?i)passwor[dt]|passcode|[a-z]{2}\d{2}[ -]?[a-z0-9]{4}"
)


@dataclass(frozen=True)
class PersonalData:
    """What was found.

    Attributes:
        personal_data: a row for every span, ordered by example_id, message and start; `start` and `end` count
            characters of the text of message `message_index` (0-based).
        settings: the settings used.
    """

    personal_data: pl.DataFrame
    settings: PersonalDataSettings


def find_personal_data(
    examples: pl.DataFrame,
    settings: PersonalDataSettings | None = None,
    *,
    progress: Progress = no_progress,
) -> PersonalData:
    """Find personal data and secrets.

    Args:
        examples: a frame of `EXAMPLES`.
        settings: which kinds, and when a contact is the house's own.
        progress: told now and then.

    Returns:
        The spans; none for no examples.

    Raises:
        CurationError: a kind that does not exist is named.
    """
    check_columns(examples, EXAMPLES, "examples to search for personal data")
    settings = settings or PersonalDataSettings()
    for kind in settings.kinds:
        if kind not in KINDS:
            raise CurationError(
                f"There is no kind of personal data named '{kind}'.", f"Choose among: {', '.join(KINDS)}."
            )
    likely = (
        examples.filter(pl.col("messages").str.contains(LIKELY)).unique("example_id", keep="first").sort("example_id")
    )
    rows: list[tuple[str, str, int, int, int]] = []
    values: list[str] = []
    answered: dict[str, set[str]] = defaultdict(set)
    for index, (example_id, canonical) in enumerate(likely.select("example_id", "messages").iter_rows()):
        if index % 5000 == 0:
            progress(index / likely.height, "Looking for personal data")
        for number, message in enumerate(messages_of(canonical)):
            text = text_of(message.get("content"))
            for kind, start, end in sorted(spans_in(text, settings.kinds), key=lambda span: span[1]):
                value = text[start:end].casefold()
                rows.append((example_id, kind, start, end, number))
                values.append(value)
                if message.get("role") != "user" and kind in ("e-mail", "phone"):
                    answered[value].add(example_id)
    house = {value for value, givers in answered.items() if len(givers) >= settings.house_contact_examples}
    kept = [row for row, value in zip(rows, values, strict=True) if value not in house]
    progress(1.0, "Looked for personal data")
    return PersonalData(pl.DataFrame(kept, schema=PERSONAL_DATA, orient="row"), settings)
