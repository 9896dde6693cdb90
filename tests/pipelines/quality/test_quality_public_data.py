"""Detectors on data that nobody here wrote; skipped where it is absent."""

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest

from pipelines.examples import examples_frame
from pipelines.quality.language import identify_languages, same_language
from pipelines.quality.personal_data import find_personal_data

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[4] / "shared" / "data")
KIND_OF = {
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "e-mail",
    "IBAN_CODE": "iban",
    "US_SSN": "social security number",
    "IP_ADDRESS": "ip address",
}
SPOKEN = [
    "ar",
    "bn",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "sw",
    "ta",
    "th",
    "tr",
    "uk",
    "ur",
    "vi",
    "zh",
]


def rows_of(name: str) -> list[dict]:
    path = PUBLIC_DATA / name
    if not path.is_file():
        pytest.skip("the public data is not on this machine (set WORKBENCH_PUBLIC_DATA)")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_spans_of_personal_data_that_patterns_can_find_are_found_with_their_borders() -> None:
    rows = rows_of("pii_synthetic/synth_dataset_v2.jsonl.gz")
    conversations = [
        [{"role": "user", "content": row["full_text"]}, {"role": "assistant", "content": f"Noted as {place}."}]
        for place, row in enumerate(rows)
    ]
    examples = examples_frame(conversations)
    place_of = {example_id: place for place, example_id in enumerate(examples["example_id"])}
    found = {
        (place_of[row["example_id"]], row["kind"], row["start"], row["end"])
        for row in find_personal_data(examples).personal_data.iter_rows(named=True)
        if row["kind"] in KIND_OF.values()
    }
    true = {
        (place, KIND_OF[span["entity_type"]], span["start_position"], span["end_position"])
        for place, row in enumerate(rows)
        for span in row["spans"]
        if span["entity_type"] in KIND_OF
    }
    assert 2 * len(found & true) / (len(found) + len(true)) >= 0.95


def test_languages_are_told_apart_and_sure_answers_are_right() -> None:
    by_language: dict[str, list[str]] = {}
    for row in rows_of("language_id/sentences_half_a.jsonl.gz"):
        if row["lang"] in SPOKEN and len(row["text"]) >= 30:
            by_language.setdefault(row["lang"], []).append(row["text"])
    texts = [(language, text) for language, listed in by_language.items() for text in listed[:40]]
    found = identify_languages(pl.Series([text for _, text in texts]))
    answers = [(language, answer) for (language, _), answer in zip(texts, found, strict=True)]
    judged = [(language, answer) for language, answer in answers if answer is not None]
    right = [same_language(language, answer[0]) for language, answer in judged]
    sure = [same_language(language, answer[0]) for language, answer in judged if answer[1] >= 0.7]
    assert len(judged) >= 0.95 * len(answers)
    assert sum(right) / len(right) >= 0.95
    assert sum(sure) / len(sure) >= 0.99
