"""What production's queries look like is measured, and put on prompts so that they look like it."""

import random

import pytest

from pipelines.splitting.noise import Noise, NoiseRates, measure_noise, noisy_messages, noisy_text

NOUNS = ("parcel", "invoice", "password", "kettle", "account", "printer", "contract", "holiday", "mortgage", "garden")
VERBS = ("arrive", "change", "cancel", "return", "update", "delete", "replace", "reset", "check", "renew")


def clean(count: int, seed: int = 0) -> list[str]:
    """Tidy prompts: a capital, marks, long forms, apostrophes."""
    draw = random.Random(seed)
    return [
        f"Could you please tell me why I can't {draw.choice(VERBS)} the {draw.choice(NOUNS)} {place:05}"
        f" before {draw.choice(VERBS)} of my {draw.choice(NOUNS)} and {draw.choice(NOUNS)}, because I don't know?"
        for place in range(count)
    ]


def sloppy(prompts: list[str], seed: int, *, lower=0.0, bare=0.0, short=0.0, unmarked=0.0, typos=0.0) -> list[str]:
    """Spoil prompts by rules of this test's own."""
    draw = random.Random(seed)
    spoilt = []
    for prompt in prompts:
        words = prompt.split()
        for place, word in enumerate(words):
            if word in ("you", "please", "before", "because") and draw.random() < short:
                words[place] = {"you": "u", "please": "pls", "before": "b4", "because": "bc"}[word]
            elif "'" in word and draw.random() < unmarked:
                words[place] = word.replace("'", "")
            elif word.isalpha() and len(word) > 5 and draw.random() < typos:
                at = draw.randint(1, len(word) - 3)
                words[place] = word[:at] + "x" + word[at + 1 :]
        text = " ".join(words)
        text = text.rstrip("?") if draw.random() < bare else text
        spoilt.append(text.lower() if draw.random() < lower else text)
    return spoilt


def test_planted_rates_are_measured():
    asked = sloppy(clean(2_000, 1), 2, lower=0.6, bare=0.5, short=0.3, unmarked=0.7)
    noise = measure_noise(asked, clean(1_500, 3))
    assert noise.production.lower == pytest.approx(0.6, abs=0.04)
    assert noise.production.unpunctuated == pytest.approx(0.5, abs=0.04)
    assert noise.production.unmarked == pytest.approx(0.7, abs=0.04)
    # "b4" is not of letters alone and is not counted among the short forms: of you, please and because three in ten.
    assert noise.production.abbreviated == pytest.approx(0.9 / (0.9 + 2.1 + 0.7), abs=0.03)
    assert noise.training == NoiseRates()
    assert noise.chances.lower == pytest.approx(noise.production.lower)


def test_prompts_with_the_noise_look_like_production_and_training_does_not():
    asked = sloppy(clean(1_500, 1), 2, lower=0.4, bare=0.6, unmarked=0.5)
    training = clean(1_500, 3)
    noise = measure_noise(asked, training)
    test = [
        noisy_messages([{"role": "user", "content": text}], noise.chances, 0, str(place))[0]["content"]
        for place, text in enumerate(clean(1_500, 4))
    ]
    like = measure_noise(test, training).production
    for name in ("lower", "unpunctuated", "unmarked"):
        assert getattr(like, name) == pytest.approx(getattr(noise.production, name), abs=0.05)
        assert getattr(like, name) > getattr(noise.training, name) + 0.2


def test_slips_are_told_from_words_and_put_back_at_their_rate():
    training = clean(1_500, 3)
    asked = sloppy(clean(800, 1), 2, typos=0.02)
    noise = measure_noise(asked, training)
    planted = sum(
        a != b
        for spoilt, text in zip(asked, clean(800, 1), strict=True)
        for a, b in zip(spoilt.split(), text.split(), strict=True)
    )
    words = sum(len(word.strip(",?")) > 3 and word.strip(",?").isalpha() for text in asked for word in text.split())
    # Of few words and letters many slips come twice and more; those that three prompts hold are no rare words.
    assert 0.3 * planted / words < noise.production.typos <= planted / words
    assert noise.training.typos < 0.001
    test = [noisy_text(text, NoiseRates(typos=0.05), generator(place)) for place, text in enumerate(clean(300, 5))]
    changed = sum(
        a != b
        for noisy, text in zip(test, clean(300, 5), strict=True)
        for a, b in zip(noisy.split(), text.split(), strict=True)
    )
    assert changed / (300 * 13) == pytest.approx(0.05, abs=0.02)


def generator(seed: int):
    import numpy as np

    return np.random.default_rng(seed)


def test_answers_code_numbers_and_addresses_stay():
    everything = NoiseRates(lower=1, unpunctuated=1, abbreviated=1, unmarked=1, typos=1)
    text = "Please run `Print(You)` on Report_7 at https://Example.org/About for You.\n"
    text += "```\nDef You(): Pass\n```\nI can't. Thanks!"
    messages = [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": text},
        {"role": "assistant", "content": "You can't.", "weight": 0},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Are you there?"},
                {"type": "image_url", "image_url": {"url": "A.png"}},
            ],
        },
        {"role": "assistant", "content": "Thanks to you, Please."},
    ]
    noisy = noisy_messages(messages, everything, 0, "id")
    assert [noisy[place] for place in (0, 2, 4)] == [messages[place] for place in (0, 2, 4)]
    said = noisy[1]["content"]
    for kept in ("`Print(You)`", "Report_7", "https://Example.org/About", "```\nDef You(): Pass\n```"):
        assert kept in said
    assert said.startswith("pls run ")
    assert said.endswith("i cant. thx")
    assert noisy[3]["content"][0]["text"].startswith("r u t")
    assert noisy[3]["content"][1] == messages[3]["content"][1]
    assert messages[1]["content"] == text


def test_an_example_gets_the_same_noise_whatever_else_there_is():
    chances = NoiseRates(lower=0.5, typos=0.5, abbreviated=0.5)
    message = [{"role": "user", "content": clean(1)[0]}]
    again = {noisy_messages(message, chances, 7, "a")[0]["content"] for _ in range(3)}
    assert len(again) == 1
    assert len({noisy_messages(message, chances, seed, "a")[0]["content"] for seed in range(9)}) > 5
    assert len({noisy_messages(message, chances, 7, str(name))[0]["content"] for name in range(9)}) > 5


@pytest.mark.parametrize("sides", [([], []), (["HELLO you"], []), ([], ["hello u"]), (["", "  "], ["\ud800 x", "😀"])])
def test_nothing_to_measure_gives_no_noise(sides):
    noise = measure_noise(*sides)
    assert isinstance(noise, Noise)
    assert not noise.any


def test_cleaner_queries_than_training_give_no_noise():
    assert not measure_noise(clean(300, 1), sloppy(clean(300, 2), 3, lower=0.7, bare=0.5, unmarked=0.5)).any


def test_nothing_without_chances_is_changed():
    for text in ("", "  ", "A\tB\n", "`code`", "Why? ", "İstanbul ’tis", "\ud800"):
        assert noisy_text(text, NoiseRates(), generator(0)) == text
