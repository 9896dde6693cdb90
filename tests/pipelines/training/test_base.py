import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.training.adapter import adapter_weights, add_adapter, load_adapter, merged_adapter, save_adapter
from pipelines.training.base import base_fingerprint, load_base
from pipelines.training.base_name import base_folder, portable_name
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import make_tiny_model


@pytest.fixture
def copy(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "copy"))


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="no base model folder"):
        load_base(str(tmp_path / "nowhere"))


def test_a_folder_without_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match=r"config\.json is missing"):
        load_base(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CurationError, match="model_type"):
        load_base(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CurationError, match="cannot be read"):
        load_base(str(tmp_path))


def test_pickled_weights_are_refused_unread(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(CurationError, match="holds no weights"):
        load_base(str(copy))
    (copy / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(CurationError, match="pickled"):
        load_base(str(copy))


def test_code_of_the_models_own_is_refused(copy: Path) -> None:
    edit_json(copy / "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(CurationError, match="code of its own"):
        load_base(str(copy))


def test_a_missing_chat_template_is_named(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(CurationError, match="no chat template"):
        load_base(str(copy))


def test_a_tokenizer_larger_than_the_model_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    small = make_tiny_model(tmp_path / "small", vocabulary=270)
    big = make_tiny_model(tmp_path / "big", vocabulary=400)
    shutil.copy(big / "tokenizer.json", small / "tokenizer.json")
    with pytest.raises(CurationError, match="do not match"):
        load_base(str(small))


def test_damaged_weights_are_named(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(CurationError, match="could not be loaded"):
        load_base(str(copy))


def test_a_hub_name_without_connection_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CurationError, match="'nobody/no-such-model' could not be loaded") as caught:
        load_base("nobody/no-such-model")
    assert "offline" in caught.value.remedy


def test_names_that_look_like_paths_are_never_asked_for_on_the_hub(tmp_path: Path) -> None:
    assert base_folder("./models/mine") is not None
    assert base_folder(str(tmp_path)) == tmp_path
    assert base_folder("org/model") is None
    assert portable_name("org/model") == "org/model"
    assert portable_name(str(tmp_path / "mine")) == "mine"
    assert portable_name("default") == "sample_data/base_model"


def test_an_adapter_for_another_base_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    model, _ = load_base(str(tiny_base))
    tuned = add_adapter(model, TrainSettings(rank=2, alpha=4))
    save_adapter(tuned, tmp_path / "adapter", str(tiny_base))
    other = make_tiny_model(tmp_path / "other", seed=1)
    assert base_fingerprint(str(other)) != base_fingerprint(str(tiny_base))
    model, _ = load_base(str(other))
    with pytest.raises(CurationError, match="another base model"):
        load_adapter(model, tmp_path / "adapter", str(other))
    (tmp_path / "adapter" / "base.json").unlink()
    wide = make_tiny_model(tmp_path / "wide", hidden=64)
    model, _ = load_base(str(wide))
    with pytest.raises(CurationError, match="does not fit"):
        load_adapter(model, tmp_path / "adapter", str(wide))
    with pytest.raises(CurationError, match="no adapter"):
        load_adapter(model, tmp_path, str(wide))


def test_merging_gives_the_adapters_answers_and_then_the_bases_exact_bits(tiny_base: Path, tmp_path: Path) -> None:
    import torch

    model, _ = load_base(str(tiny_base))
    tokens = torch.arange(40)[None]
    before = model(tokens).logits
    tuned = add_adapter(model, TrainSettings(rank=2, alpha=4))
    weights = {
        name: torch.randn_like(tensor) * 0.1 if "lora_B" in name else tensor
        for name, tensor in adapter_weights(tuned).items()
    }
    save_adapter(tuned, tmp_path / "adapter", str(tiny_base), weights)
    loaded = load_adapter(load_base(str(tiny_base))[0], tmp_path / "adapter", str(tiny_base), "first")
    with torch.no_grad():
        apart = loaded(tokens).logits
        with merged_adapter(loaded, "first"):
            merged = loaded(tokens).logits
        with loaded.disable_adapter():
            after = loaded(tokens).logits
    assert torch.allclose(apart, merged, atol=1e-4)
    assert not torch.allclose(apart, before, atol=1e-2)
    assert torch.equal(after, before)
