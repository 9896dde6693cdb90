"""The tokenizer: SentencePiece-like BPE with byte fallback, single digits, four role tokens and a chat template.

A blank becomes `▁`; characters outside the alphabet become byte tokens `<0x00>`..`<0xFF>`, so every text comes back as
it was. The one exception is the sign `▁` (U+2581) itself, which comes back as a blank: so it is in every tokenizer of
this kind.
"""

import json
from collections.abc import Iterable
from pathlib import Path

VOCABULARY = 3072
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
END, PAD, UNKNOWN = "<|end|>", "<|pad|>", "<unk>"
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "<|assistant|>{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}"
    "{% else %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def train_tokenizer(texts: Iterable[str], folder: Path) -> None:
    """Train on texts and write the tokenizer's files and its chat template."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\n"), "isolated"),
            pre_tokenizers.Split(Regex(r" ?[^\w\s]+"), "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=True),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    control = [UNKNOWN, PAD, *ROLES, END]
    byte_tokens = [f"<0x{value:02X}>" for value in range(256)]
    alphabet = [chr(code) for code in range(33, 127)] + ["▁", "\n"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=control + byte_tokens,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    # Byte tokens are ordinary entries of the vocabulary: text that spells "<0x41>" must not turn into the byte.
    described = json.loads(tokenizer.to_str())
    described["added_tokens"] = [token for token in described["added_tokens"] if token["content"] in control]
    write_json(folder / "tokenizer.json", described)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": 1024,
            "unk_token": UNKNOWN,
            "pad_token": PAD,
            "eos_token": END,
            "additional_special_tokens": list(ROLES),
            "clean_up_tokenization_spaces": False,
            "padding_side": "left",
            "chat_template": TEMPLATE,
        },
    )
    write_json(folder / "special_tokens_map.json", {"unk_token": UNKNOWN, "pad_token": PAD, "eos_token": END})
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    """Write JSON with a last newline."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
