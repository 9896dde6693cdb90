"""QLoRA: refused before any work where it cannot run; where bitsandbytes is installed, it really trains, on a CPU.

The product offers it on CUDA alone. bitsandbytes computes on a CPU as well, slowly, which suffices to run the code.
"""

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.training.adapter import load_adapter
from pipelines.training.base import load_base
from pipelines.training.memory import Batch, ModelShape, Plan, peak_memory
from pipelines.training.prepare import check_method
from pipelines.training.quantised import check_quantised, quantisation
from pipelines.training.settings import TrainSettings
from pipelines.training.train import train
from tests.pipelines.training.test_train import adapter_bytes, interrupted, run_folder, settings_for


def test_it_is_refused_by_name_of_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    four, eight = TrainSettings(method="qlora"), TrainSettings(method="qlora", bits=8)
    with pytest.raises(CurationError, match="8 bits, which needs a CUDA GPU and bitsandbytes") as caught:
        check_method(eight, "cpu")
    assert "method lora" in caught.value.remedy
    monkeypatch.setattr("pipelines.training.quantised.find_spec", lambda name: None)
    with pytest.raises(CurationError, match="bitsandbytes, which is not installed") as caught:
        check_quantised(four, "cuda")
    assert "[qlora]" in caught.value.remedy
    monkeypatch.setattr("pipelines.training.quantised.find_spec", lambda name: object())
    with pytest.raises(CurationError, match="PiSSA"):
        check_quantised(TrainSettings(method="qlora", start="pissa"), "cuda")
    check_method(four, "cuda")


def test_the_configuration_is_nf4_with_scales_quantised_again_or_int8() -> None:
    four, eight = quantisation(4).to_dict(), quantisation(8).to_dict()
    assert (four["load_in_4bit"], four["bnb_4bit_quant_type"], four["bnb_4bit_use_double_quant"]) == (True, "nf4", True)
    assert four["bnb_4bit_compute_dtype"] == "bfloat16"
    assert (eight["load_in_8bit"], eight["load_in_4bit"]) == (True, False)


def test_eight_bits_need_about_twice_the_memory_of_four() -> None:
    shape = ModelShape(8_000_000_000, 0, 32, 4096, 14336, 128_256)
    four, eight = (peak_memory(shape, Batch(0, 0), Plan("qlora", bits=bits)).weights for bits in (4, 8))
    assert (four, eight) == (8e9 * 0.516, 8e9)


@pytest.mark.parametrize("bits", [4, 8])
def test_it_trains_resumes_to_the_same_bits_and_leaves_an_ordinary_adapter(
    tiny_base: Path, tmp_path: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed (extra qlora)")
    monkeypatch.setattr("pipelines.training.prepare.check_quantised", lambda settings, device: None)
    settings = settings_for(tiny_base, method="qlora", bits=bits, bf16=False)
    whole = train(run_folder(tmp_path, "whole"), settings)
    assert whole.best_validation_loss is not None
    assert whole.base_validation_loss is not None
    assert whole.best_validation_loss < 0.97 * whole.base_validation_loss
    stopped = run_folder(tmp_path, "stopped")
    interrupted(stopped, settings, 5)
    train(stopped, settings)
    assert adapter_bytes(stopped) == adapter_bytes(tmp_path / "whole")
    model: Any = load_adapter(load_base(str(tiny_base))[0], tmp_path / "whole" / "adapter", str(tiny_base))
    assert model.merge_and_unload() is not None
