import json
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.training.base import load_base, load_outline
from pipelines.training.estimate import estimate_run
from pipelines.training.gpus import Gpu, on_gpu, read_prices
from pipelines.training.memory import (
    GIB,
    Batch,
    Memory,
    ModelShape,
    Plan,
    adapter_parameters,
    peak_memory,
    shape_of,
)
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import conversations

# Llama 3.2 3B (tied embeddings) and Llama 3.1 8B, from their published configurations.
THREE = ModelShape(3_212_749_824, 394_002_432, 28, 3072, 8192, 128_256)
EIGHT = ModelShape(8_030_261_248, 1_050_673_152, 32, 4096, 14_336, 128_256)
LORA_THREE, LORA_EIGHT = 12_156_928, 20_971_520  # rank 8 on all linear layers
TUNE = {"compiled": True, "chunked_loss": True}
# Measured peaks in GiB. Source: torchtune README at bd2a0fc (packed 2 x 4096; the 8B runs half of that), and, for the
# two plain Hugging Face runs of 4 x 768 tokens, the method comparison of peft at 5d602fd. Last: what the formula gives.
PUBLISHED = [
    (THREE, 3072, Plan("lora", 4_587_520), 20.8, 21.7),
    (THREE, 3072, Plan("full"), 36.2, 33.6),
    (THREE, 8192, Plan("full"), 60.0, 59.7),
    (THREE, 8192, Plan("full", compiled=True), 51.0, 50.7),
    (THREE, 8192, Plan("full", **TUNE), 42.9, 42.1),
    (THREE, 8192, Plan("full", **TUNE, checkpointing=True), 24.9, 23.9),
    (THREE, 8192, Plan("full", **TUNE, checkpointing=True, state_bytes=1, fused_backward=True), 17.6, 15.3),
    (THREE, 8192, Plan("lora", LORA_THREE, **TUNE, checkpointing=True), 8.5, 9.4),
    (THREE, 8192, Plan("qlora", LORA_THREE, **TUNE, checkpointing=True), 4.6, 5.6),
    (EIGHT, 4096, Plan("lora", LORA_EIGHT, **TUNE), 30.3, 36.9),
    (EIGHT, 4096, Plan("lora", LORA_EIGHT, **TUNE, checkpointing=True), 16.2, 17.3),
    (EIGHT, 4096, Plan("qlora", LORA_EIGHT, **TUNE, checkpointing=True), 7.4, 7.9),
]


def test_the_formula_meets_twelve_published_peaks_within_8_to_9_per_cent() -> None:
    errors = []
    for shape, tokens, plan, measured, expected in PUBLISHED:
        estimate = peak_memory(shape, Batch(tokens, tokens), plan).peak / GIB
        assert estimate == pytest.approx(expected, abs=0.15)
        errors.append(abs(estimate - measured) / measured)
    assert 0.07 < sum(errors) / len(errors) < 0.09


def test_logits_at_a_tenth_of_the_positions_take_a_tenth() -> None:
    all_of_them = peak_memory(THREE, Batch(3072, 3072), Plan("lora"))
    some = peak_memory(THREE, Batch(3072, 307), Plan("lora"))
    # 10 bytes x 3,072 positions x 128,256 tokens = 3.67 GiB.
    assert all_of_them.logits / GIB == pytest.approx(3.67, abs=0.01)
    assert all_of_them.peak - some.peak == pytest.approx(10 * (3072 - 307) * 128_256)


def test_shape_and_adapter_are_counted_without_weights(tiny_base: Path) -> None:
    from pipelines.training.adapter import add_adapter, trainable

    outline, _ = load_outline(str(tiny_base))
    assert all(parameter.device.type == "meta" for parameter in outline.parameters())
    model, _ = load_base(str(tiny_base))
    assert shape_of(outline) == shape_of(model)
    assert shape_of(model).embedding_parameters == model.get_input_embeddings().weight.numel()
    for targets in ("all-linear", "q_proj, v_proj"):
        counted = adapter_parameters(outline, 4, targets)
        tuned = add_adapter(load_base(str(tiny_base))[0], TrainSettings(rank=4, alpha=8, targets=targets))
        assert counted == sum(parameter.numel() for parameter in trainable(tuned))


def test_time_and_cost_by_hand() -> None:
    # 1e12 a second at a quarter: 2.5e11; 4 x 1e9 operations a token: 62.5 tokens a second; 225,000 tokens are an hour.
    shape = ModelShape(10**9, 10**7, 1, 1, 1, 1)
    gpu = Gpu(name="g", memory_gib=10, teraflops=1, hourly=3.0)
    row = on_gpu(gpu, shape, "lora", Memory(0, 0, 0, 0, 0, 9 * GIB), 225_000)
    assert row.seconds == pytest.approx(3600)
    assert row.cost == pytest.approx(3.0)
    # 9 GiB and a tenth and 1 GiB of the driver are 10.9.
    assert row.memory == pytest.approx(10.9 * GIB)
    assert not row.fits


def test_a_run_is_estimated_here_and_on_every_gpu_by_three_methods(tiny_base: Path) -> None:
    settings = TrainSettings(base=str(tiny_base), rank=4, alpha=8, batch_size=4, device="cpu")
    found = estimate_run(conversations(40), settings, read_prices(), available=64 * GIB, seconds_here=12.0)
    assert found.fits_here
    assert found.advice == []
    assert found.here_seconds == 12.0
    assert len(found.gpus) == 18
    assert {row.gpu for row in found.gpus if row.method == "qlora"} >= {"H100", "L4", "8 x H100"}
    assert found.tokens <= found.padded_tokens
    assert found.batch.logit_positions < found.batch.tokens


def test_full_fine_tuning_is_estimated_as_such(tiny_base: Path) -> None:
    settings = TrainSettings(base=str(tiny_base), rank=4, alpha=8, batch_size=4, device="cpu", bf16=False)
    adapter = estimate_run(conversations(40), settings, read_prices(), available=64 * GIB)
    full = estimate_run(
        conversations(40), settings.model_copy(update={"method": "full"}), read_prices(), available=64 * GIB
    )
    assert full.trainable == full.shape.parameters > adapter.trainable
    # Weights, gradients and two states of AdamW, each in four bytes.
    assert full.here.weights + full.here.gradients + full.here.optimiser == 16 * full.shape.parameters
    assert full.here.activations == adapter.here.activations


def test_where_memory_is_short_the_setting_to_change_is_named_and_is_enough(tiny_base: Path) -> None:
    settings = TrainSettings(base=str(tiny_base), rank=4, alpha=8, batch_size=32, device="cpu", bf16=False)
    whole = estimate_run(conversations(64), settings, read_prices(), available=64 * GIB)
    short = whole.here_needed - whole.here.activations / 2
    found = estimate_run(conversations(64), settings, read_prices(), available=short)
    assert not found.fits_here
    (text,) = found.advice
    assert text.startswith("Set memory_tokens to ")
    tokens = int(text.split()[3].rstrip(":").replace(",", ""))
    changed = settings.model_copy(update={"memory_tokens": tokens})
    assert estimate_run(conversations(64), changed, read_prices(), available=short).fits_here
    assert "smaller base model" in estimate_run(conversations(64), settings, read_prices(), available=1.0).advice[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"dated": "2026", "gpus": []}', '{"dated": "2026"}'])
def test_a_price_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(CurationError, match=r"prices\.json"):
        read_prices(tmp_path / "prices.json")


def test_prices_that_a_person_edited_are_used(tmp_path: Path) -> None:
    one = {"name": "mine", "memory_gib": 16, "teraflops": 100, "hourly": 0.5}
    (tmp_path / "prices.json").write_text(json.dumps({"dated": "2027-01-01", "currency": "€", "gpus": [one]}))
    prices = read_prices(tmp_path / "prices.json")
    assert (prices.dated, prices.currency, prices.gpus[0].hourly) == ("2027-01-01", "€", 0.5)
