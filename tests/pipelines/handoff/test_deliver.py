"""What is handed off answers as base and adapter do, names no path of this machine, and refuses what it cannot do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.errors import CurationError
from pipelines.handoff.deliver import check_delivered, check_target, deliver
from pipelines.handoff.gguf_file import F16, F32, Q8_0, encoded
from pipelines.handoff.gguf_model import llama3_factors, paired
from pipelines.handoff.gguf_tokenizer import without_marks
from pipelines.handoff.model_card import CardFacts
from pipelines.handoff.model_folder import config_for_both, tokenizer_config_for_both, write_merged
from pipelines.handoff.modelfile import Frames, composed, frames_of, modelfile
from pipelines.handoff.serving import check_served
from pipelines.training.adapter import load_adapter
from pipelines.training.base import load_base
from tests.pipelines.handoff.conftest import make_adapter
from tests.pipelines.handoff.gguf_reading import read_gguf

Facts = Callable[..., CardFacts]


def hand_off(target: str, adapter: Path, base: Path, facts: CardFacts, out: Path) -> Any:
    out.mkdir()
    return deliver(target, adapter, str(base), facts, out)


def test_a_merged_model_has_the_logits_of_base_and_adapter(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    """Largest difference over all positions and tokens: below 1e-4, where the adapter changes them by more than 0.1."""
    (tmp_path / "merged").mkdir()
    write_merged(adapter, str(tiny_base), tmp_path / "merged")
    ids = torch.arange(5, 45)[None]
    base, _ = load_base(str(tiny_base))
    with torch.no_grad():
        alone = base(ids).logits
        expected = load_adapter(base, adapter, str(tiny_base))(ids).logits
        merged, _ = load_base(str(tmp_path / "merged"))
        found = merged(ids).logits
    assert (expected - alone).abs().max() > 0.1
    assert (found - expected).abs().max() < 1e-4


def test_a_merged_folder_is_read_the_same_by_both_ages_of_transformers(
    tiny_base: Path, adapter: Path, tmp_path: Path
) -> None:
    (tmp_path / "merged").mkdir()
    write_merged(adapter, str(tiny_base), tmp_path / "merged")
    config = json.loads((tmp_path / "merged" / "config.json").read_text())
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 10000.0
    assert config["torch_dtype"] == config["dtype"] == "float32"
    assert (tmp_path / "merged" / "tokenizer.json").read_bytes() == (tiny_base / "tokenizer.json").read_bytes()
    template = json.loads((tmp_path / "merged" / "tokenizer_config.json").read_text())["chat_template"]
    assert template == (tmp_path / "merged" / "chat_template.jinja").read_text()
    assert not [path for path in (tmp_path / "merged").iterdir() if path.suffix in (".bin", ".pt")]


def test_rotary_settings_are_said_in_both_words() -> None:
    five = config_for_both({"rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8}}, "float32")
    assert five["rope_theta"] == 5e5
    assert five["rope_scaling"] == {"rope_type": "llama3", "factor": 8}
    four = config_for_both({"rope_theta": 5e5, "rope_scaling": None}, "float32")
    assert four["rope_parameters"] == {"rope_type": "default", "rope_theta": 5e5}


def test_a_rotary_base_for_each_kind_of_layer_is_said_in_both_words() -> None:
    full, sliding = (
        {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
        {"rope_type": "default", "rope_theta": 1e4},
    )
    newer = {"rope_parameters": {"full_attention": full, "sliding_attention": sliding}}
    scaling = {"rope_type": "linear", "factor": 8.0}
    older = {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": scaling}
    for held in (newer, older):
        both = config_for_both(held, "float32")
        assert {name: both[name] for name in (*newer, *older)} == newer | older
    plain = config_for_both({"rope_theta": 1e6, "rope_local_base_freq": 1e4}, "float32")
    assert plain["rope_scaling"] is None
    assert plain["rope_parameters"]["full_attention"] == {"rope_type": "default", "rope_theta": 1e6}


def test_a_tokenizer_that_transformers_5_wrote_is_named_as_4_knows_it(adapter: Path, tiny_base: Path, tmp_path) -> None:
    held = json.loads((tiny_base / "tokenizer_config.json").read_text("utf-8"))
    assert held["tokenizer_class"] == "TokenizersBackend"
    (tmp_path / "merged").mkdir()
    write_merged(adapter, str(tiny_base), tmp_path / "merged")
    config = json.loads((tmp_path / "merged" / "tokenizer_config.json").read_text("utf-8"))
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert config["additional_special_tokens"] == held["extra_special_tokens"]
    assert "extra_special_tokens" not in config
    older = {"tokenizer_class": "LlamaTokenizer", "extra_special_tokens": {"image": "<i>"}}
    assert tokenizer_config_for_both(older) == older


@pytest.mark.parametrize("target", ["hf", "merged", "vllm"])
def test_a_hand_off_loads_again_and_answers_the_same(
    tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path, target: str
) -> None:
    made = hand_off(target, adapter, tiny_base, facts(), tmp_path / "out")
    assert made.comparison.same
    assert made.comparison.probes == 3
    assert made.comparison.largest_difference < 1e-4
    compared, _ = check_delivered(tmp_path / "out", target, str(tiny_base))
    assert compared == made.comparison
    texts = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.suffix in (".json", ".md", ".jinja")]
    assert not [text for text in texts if str(tiny_base.parent) in text or "somebody" in text]


def test_an_adapter_that_was_changed_answers_otherwise(
    tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path
) -> None:
    hand_off("hf", adapter, tiny_base, facts(), tmp_path / "out")
    other = make_adapter(str(tiny_base), tmp_path / "other", rank=2)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (tmp_path / "out" / name).write_bytes((other / name).read_bytes())
    compared, _ = check_delivered(tmp_path / "out", "hf", str(tiny_base))
    assert compared is not None
    assert compared.largest_difference > 0.01


def test_the_card_tells_base_data_and_metrics(tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path) -> None:
    hand_off("hf", adapter, tiny_base, facts(), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    for text in ('base_model: "tiny-base"', 'library_name: "peft"', "v" * 16, "| chrf | tuned | 0.5 |", "so far: 2"):
        assert text in card


@pytest.mark.parametrize("bits", [16, 8])
def test_a_gguf_holds_the_merged_weights(
    tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path, bits: int
) -> None:
    """Undoing llama.cpp's order of rows gives the merged weights back: to half precision, to half a step of 8 bits."""
    hand_off("gguf", adapter, tiny_base, facts(), tmp_path / "out")
    metadata, tensors = read_gguf(tmp_path / "out" / {16: "model-f16.gguf", 8: "model-q8_0.gguf"}[bits])
    (tmp_path / "merged").mkdir()
    write_merged(adapter, str(tiny_base), tmp_path / "merged")
    state = load_base(str(tmp_path / "merged"))[0].state_dict()
    config = json.loads((tmp_path / "merged" / "config.json").read_text())
    heads = config["num_attention_heads"]
    assert len(tensors) == 2 + 9 * config["num_hidden_layers"]
    names = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    parts = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "ffn_down": "mlp.down_proj"}
    for layer in range(config["num_hidden_layers"]):
        names |= {f"blk.{layer}.{mine}.weight": f"model.layers.{layer}.{its}.weight" for mine, its in parts.items()}
    for mine, its in names.items():
        found, expected = tensors[mine], state[its].numpy()
        if "attn_" in mine:
            half = found.shape[0] // heads // 2
            found = found.reshape(heads, half, 2, -1).transpose(0, 2, 1, 3).reshape(expected.shape)
        step = np.abs(expected).max() / 127 if bits == 8 and expected.ndim == 2 else np.abs(expected).max() / 1024
        assert np.abs(found - expected).max() <= 0.51 * step
    assert metadata["llama.block_count"] == config["num_hidden_layers"]
    assert metadata["llama.rope.freq_base"] == 10000.0
    assert metadata["tokenizer.ggml.pre"] == "gpt-2"
    assert len(metadata["tokenizer.ggml.tokens"]) == config["vocab_size"]
    assert "generation %}" not in metadata["tokenizer.chat_template"]


def test_the_gguf_package_reads_the_file(tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="the gguf package is not installed")
    hand_off("gguf", adapter, tiny_base, facts(), tmp_path / "out")
    for name in ("model-f16.gguf", "model-q8_0.gguf"):
        reader = gguf.GGUFReader(tmp_path / "out" / name)
        _, mine = read_gguf(tmp_path / "out" / name)
        assert {tensor.name for tensor in reader.tensors} == set(mine)
        for tensor in reader.tensors:
            theirs = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            np.testing.assert_allclose(theirs.reshape(mine[tensor.name].shape), mine[tensor.name], rtol=1e-6)


def test_blocks_of_8_bits_are_what_the_format_says() -> None:
    """One block by hand: largest 127 gives a scale of 1; halves are rounded away from zero."""
    values = np.zeros(32, np.float32)
    values[:5] = [127, -127, 0.5, -0.5, 0.49]
    data = encoded(values, Q8_0)
    assert len(data) == 34
    assert np.frombuffer(data[:2], "<f2")[0] == 1
    assert np.frombuffer(data[2:7], "i1").tolist() == [127, -127, 1, -1, 0]
    assert encoded(np.zeros(32), Q8_0) == b"\0" * 34
    assert np.isfinite(np.frombuffer(encoded(np.full(2, 1e9), F16), "<f2")).all()
    assert encoded(np.ones(1), F32) == np.ones(1, "<f4").tobytes()


def test_rows_of_a_head_are_put_in_pairs() -> None:
    """Two heads of four rows: halves (0, 1 | 2, 3) become pairs (0, 2, 1, 3)."""
    rows = np.arange(8)[:, None]
    assert paired(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_llama3_factors_are_those_of_transformers() -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaling = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_theta": 500000.0,
    }
    config = LlamaConfig(
        hidden_size=256, num_attention_heads=2, rope_parameters=scaling, max_position_embeddings=131072
    )
    expected, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    plain = 1.0 / 500000.0 ** (np.arange(0, 128, 2) / 128)
    np.testing.assert_allclose(plain / llama3_factors(500000.0, 128, scaling), expected.numpy(), rtol=1e-5)


def test_marks_of_training_leave_no_trace_in_what_is_rendered() -> None:
    import jinja2

    text = "a {%- generation -%} {{ x }} {%- endgeneration %} b{% generation %}c{% endgeneration %}"
    assert jinja2.Template(without_marks(text)).render(x=1) == "a1 bc"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "Llama architecture; this model is gpt2"),
        ({"hidden_act": "gelu"}, "silu"),
        ({"rope_parameters": {"rope_theta": 1e4, "rope_type": "yarn"}}, "yarn"),
    ],
)
def test_what_gguf_cannot_hold_is_refused_before_any_work(
    tiny_base: Path, adapter: Path, tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for path in tiny_base.iterdir():
        (base / path.name).write_bytes(path.read_bytes())
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, **change}))
    for target in ("gguf", "ollama"):
        with pytest.raises(CurationError, match=match):
            check_target(target, adapter, str(base))


def test_other_refusals(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="no target 'onnx'"):
        check_target("onnx", adapter, str(tiny_base))
    assert check_served(adapter) == 8
    for change, match in (({"r": 600}, "up to rank 512"), ({"use_dora": True}, "DoRA"), ({"bias": "all"}, "bias")):
        config = json.loads((adapter / "adapter_config.json").read_text())
        (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(CurationError, match=match):
            check_served(tmp_path)


def render_go(text: str, messages: list[dict[str, str]]) -> str:
    """Run the small part of Ollama's template language that a Modelfile of ours uses."""
    import re

    template = text.split('TEMPLATE """')[1].split('"""')[0]
    whole = re.fullmatch(r"\{\{ range \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", template, re.DOTALL)
    assert whole is not None
    body, answer = whole.groups()
    branches = dict(re.findall(r'\{\{ (?:else )?if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else if|\Z)', body, re.DOTALL))
    return "".join(branches[m["role"]].replace("{{ .Content }}", m["content"]) for m in messages) + answer


def test_the_modelfile_asks_as_the_training_template_does(
    tiny_base: Path, adapter: Path, facts: Facts, tmp_path: Path
) -> None:
    hand_off("ollama", adapter, tiny_base, facts(), tmp_path / "out")
    text = (tmp_path / "out" / "Modelfile").read_text()
    assert "FROM ./model-q8_0.gguf" in text
    assert (tmp_path / "out" / "model-q8_0.gguf").is_file()
    assert 'PARAMETER stop "<|end|>"' in text
    _, tokenizer = load_base(str(tiny_base))
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "And?"},
    ]
    expected = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert render_go(text, messages) == expected


def test_a_template_that_is_more_than_a_frame_is_refused(tiny_base: Path) -> None:
    _, tokenizer = load_base(str(tiny_base))
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ loop.index }}]{{ m['role'] }}:{{ m['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}>{% endif %}"
    )
    with pytest.raises(CurationError, match="more than a frame"):
        frames_of(tokenizer)


def test_braces_of_a_template_stay_text() -> None:
    frames = Frames(None, ("{{u}}", ""), ("a", "\n"), ">")
    assert composed(frames, [{"role": "user", "content": "x"}]) == "{{u}}x>"
    assert '{{ "{{u}}" }}{{ .Content }}' in modelfile("m.gguf", frames, stops=[" "], context=8)


def test_a_fully_tuned_model_is_handed_off_as_a_model(tiny_base: Path, facts: Facts, tmp_path: Path) -> None:
    model, tokenizer = load_base(str(tiny_base))
    generator = torch.Generator().manual_seed(5)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    model.save_pretrained(tmp_path / "tuned")
    tokenizer.save_pretrained(tmp_path / "tuned")
    ids = torch.arange(5, 45)[None]
    with torch.no_grad():
        expected = model(ids).logits
    made = hand_off("merged", tmp_path / "tuned", tiny_base, facts(), tmp_path / "out")
    with torch.no_grad():
        found = load_base(str(tmp_path / "out"))[0](ids).logits
        alone = load_base(str(tiny_base))[0](ids).logits
    assert (found - expected).abs().max() < 1e-5 < 0.1 < (found - alone).abs().max()
    assert made.comparison is not None
    assert made.comparison.same
    for target in ("hf", "vllm"):
        with pytest.raises(CurationError, match="leaves a model") as caught:
            hand_off(target, tmp_path / "tuned", tiny_base, facts(), tmp_path / target)
        assert "--target merged" in caught.value.remedy
    hand_off("gguf", tmp_path / "tuned", tiny_base, facts(), tmp_path / "gguf")
    assert sorted(path.name for path in (tmp_path / "gguf").glob("*.gguf"))
