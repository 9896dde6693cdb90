"""Personal data leaves every text of a rejected answer, and nothing else of it changes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.personal_patterns import spans_in
from pipelines.quality.rejected_answers import redact_rejected, texts_in, with_texts
from pipelines.quality.settings import PersonalDataSettings
from pipelines.quality.stand_ins import label

HELD = "Write to ann.lee@mail.example or +49 30 1234567."
FREE = "Write to [e-mail] or [phone]."
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just(HELD)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["content", "value", "role", "text", "id"]), inner, max_size=3),
    ),
    max_leaves=8,
)


def redacted(answer, **chosen):
    found = redact_rejected([("a", "k", answer)], {}, label, **chosen)
    return found[0].after if found else answer


def test_an_answer_of_any_shape_is_redacted_and_keeps_its_shape():
    assert redacted(HELD) == FREE
    assert redacted({"role": "assistant", "content": HELD}) == {"role": "assistant", "content": FREE}
    assert redacted({"from": "gpt", "value": HELD}) == {"from": "gpt", "value": FREE}
    parts = [{"role": "user", "content": [{"type": "text", "text": HELD}]}, {"role": "assistant", "content": "No."}]
    assert redacted(parts) == [{**parts[0], "content": [{"type": "text", "text": FREE}]}, parts[1]]
    assert json.loads(redacted(json.dumps(parts))) == redacted(parts)
    assert redacted(HELD, kinds=["phone"]) == "Write to ann.lee@mail.example or [phone]."
    assert redacted("Nothing to see.") == "Nothing to see."
    assert redact_rejected([], {}, label) == []


def test_places_are_counted_by_kind_and_only_texts_that_change_are_shown():
    answer = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": f"{HELD} Or bob@mail.example."}]
    (found,) = redact_rejected([("a", "k", answer)], {}, label)
    assert sorted(found.kinds) == ["e-mail", "e-mail", "phone"]
    assert (found.text_before, found.text_after) == (f"{HELD} Or bob@mail.example.", f"{FREE} Or [e-mail].")


def test_the_houses_own_contact_stays_where_chosen_and_rejected_answers_give_it_often():
    answers = [(str(n), str(n), "Ask help@shop.example.") for n in range(3)]
    chosen = {str(n): [{"role": "assistant", "content": "Mail Help@shop.example"}] for n in range(2, 5)}
    own = PersonalDataSettings(house_contact_examples=5)
    assert redact_rejected(answers, chosen, label, own) == []
    assert len(redact_rejected(answers, {}, label, own)) == 3
    asked = {name: [{**messages[0], "role": "user"}] for name, messages in chosen.items()}
    assert len(redact_rejected(answers, asked, label, own)) == 3


@given(VALUES)
def test_nothing_is_left_and_nothing_else_changes(value):
    after = redacted(value)
    assert not any(list(spans_in(text)) for text in texts_in(after))
    assert with_texts(after, lambda _: "") == with_texts(value, lambda _: "")
    assert list(texts_in(after)) == [FREE if text == HELD else text for text in texts_in(value)]
