"""The tiny base model loads offline, is small, reads back any text, and has not met the sample tasks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sample_data.pretraining.corpus import documents
from sample_data.pretraining.purity import forbidden_in, shared_wordings
from sample_data.pretraining.skills import FIRST_MIX, SECOND_MIX

DATA = Path(__file__).parents[2] / "sample_data"
FOLDER = DATA / "base_model"


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(FOLDER), local_files_only=True, trust_remote_code=False)


@pytest.fixture(scope="module")
def model():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        str(FOLDER), local_files_only=True, use_safetensors=True, trust_remote_code=False
    )


def test_folder_is_eight_megabytes_at_most():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 8_000_000


def test_model_is_a_llama_that_fits_its_tokenizer(model, tokenizer):
    assert model.config.model_type == "llama"
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.eos_token_id == tokenizer.eos_token_id == tokenizer.convert_tokens_to_ids("<|end|>")
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 12345.",
        "  leading and trailing  ",
        "tabs\tand\nlines\r\n\n",
        "Grüße, naïve café – “quotes” …",
        "日本語 العربية עברית ไทย",
        "🎉👩‍👩‍👧 e\u0301 \u200b\u00a0",
        "<0x41> stays as it is",
        "\x00\x07\x7f",
        "",
    ],
)
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_digits_are_single_tokens(tokenizer):
    assert tokenizer.tokenize("a4821")[-4:] == ["4", "8", "2", "1"]


def test_template_marks_the_answers_only(tokenizer):
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "four words"},
    ]
    encoded = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mask in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(marked) == "two<|end|>four words<|end|>"
    assert tokenizer.decode(encoded["input_ids"]) == (
        "<|system|>s<|end|><|user|>one<|end|><|assistant|>two<|end|><|user|>three<|end|><|assistant|>four words<|end|>"
    )


def test_model_labels_notes_as_it_was_taught(model, tokenizer):
    """The base model is no noise: it fills in the form of a note that it has not seen in these words."""
    import torch

    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Fishing: The harbour day. White flakes came down! It walked sideways."}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    with torch.no_grad():
        answer = model.generate(**prompt, max_new_tokens=40, do_sample=False)
    labels = json.loads(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))
    assert labels["weather"] == "snow"
    assert labels["catch"] == "crab"


def test_corpus_holds_no_name_key_or_label_of_the_sample_tasks():
    assert forbidden_in([*documents(7, 3000), *documents(8, 3000, SECOND_MIX)]) == set()


def test_corpus_shares_next_to_no_wording_with_the_sample_tasks():
    faulty = {
        row["line"]
        for row in map(json.loads, (DATA / "answer_key.jsonl").read_text(encoding="utf-8").splitlines())
        if row["file"] == "train.jsonl"
    }
    examples = [
        "\n".join(message["content"] for message in json.loads(line)["messages"])
        for place, line in enumerate((DATA / "train.jsonl").read_text(encoding="utf-8").splitlines(), start=1)
        if place not in faulty
    ]
    shared = shared_wordings([*documents(7, 3000, FIRST_MIX), *documents(8, 3000, SECOND_MIX)], examples)
    # What is left are chance meetings of common words, such as "for three weeks how do I".
    assert len(shared) <= 5


def test_training_defaults_fit_the_fields_that_the_trainer_reads():
    defaults = json.loads((FOLDER / "training_defaults.json").read_text(encoding="utf-8"))
    assert {"rank", "alpha", "learning_rate", "epochs", "batch_size", "reason"} <= set(defaults)
    assert defaults["learning_rate"] > 0


@pytest.mark.benchmark
def test_the_script_makes_the_committed_tokenizer_and_shape(tmp_path):
    command = [sys.executable, "-m", "sample_data.pretraining", "--steps", "2", "--no-compile"]
    command += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    subprocess.run(command, check=True, cwd=DATA.parent, capture_output=True)
    for name in ("tokenizer.json", "chat_template.jinja", "config.json"):
        assert (tmp_path / "out" / name).read_bytes() == (FOLDER / name).read_bytes(), name
