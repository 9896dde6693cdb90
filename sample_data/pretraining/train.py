"""The pre-training loop: two ranks of one thread each, Muon on the matrices, Adam on the rest, checkpoints on the way.

Two ranks with a summed gradient use two cores better than one process of two threads: the matrices are small. The rate
rises over the first steps, stays, and falls to a tenth over the last part.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PretrainSettings:
    """How long and how fast; `rows` of `length` tokens a rank and step."""

    steps: int = 3000
    rows: int = 16
    length: int = 256
    ranks: int = 2
    matrix_rate: float = 0.02
    rest_rate: float = 3e-3
    warmup: int = 100
    decay_share: float = 0.6
    checkpoint_every: int = 500
    seed: int = 7
    layers: int = 4
    width: int = 128
    inner: int = 384
    heads: int = 4
    compile: bool = True
    stop_at: int | None = None

    @property
    def last_step(self) -> int:
        """Return the step whose checkpoint ends the stage; the rate falls as if the stage went on to `steps`."""
        return self.stop_at or self.steps


# The second stage begins before the rate of the first has fallen far, with a mix that has more to copy.
STAGES = (PretrainSettings(stop_at=2000), PretrainSettings(steps=1900, rows=8, matrix_rate=0.015, warmup=50))


def new_model(settings: PretrainSettings, folder: Path) -> Any:
    """Make the untrained model for the tokenizer in the folder."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    torch.manual_seed(settings.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.width,
        intermediate_size=settings.inner,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.02,
    )
    return LlamaForCausalLM(config)


def save_model(model: Any, folder: Path) -> None:
    """Write configuration and half-precision weights as safetensors; the model in memory stays as it is."""
    import copy

    import torch

    folder.mkdir(parents=True, exist_ok=True)
    half = copy.deepcopy(model).to(torch.float16)
    half.config.dtype = "float16"
    half.generation_config.eos_token_id = model.config.eos_token_id
    half.generation_config.pad_token_id = model.config.pad_token_id
    half.generation_config.bos_token_id = None
    half.generation_config.do_sample = False
    half.save_pretrained(str(folder), safe_serialization=True)


def rate_at(step: int, settings: PretrainSettings) -> float:
    """Return the share of the full rate at a step."""
    start = settings.steps * (1 - settings.decay_share)
    falling = 1.0 if step < start else 1 - 0.95 * (step - start) / max(settings.steps - start, 1)
    return min(1.0, (step + 1) / settings.warmup) * falling


def train_rank(
    rank: int, settings: PretrainSettings, folder: Path, tokens: Path, work: Path, start: Path | None
) -> None:
    """Train as one rank; rank 0 writes the log and the checkpoints."""
    import numpy as np
    import torch
    import torch.distributed as distributed
    import torch.nn.functional as functional

    from sample_data.pretraining.muon import Muon

    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{work}/rendezvous", rank=rank, world_size=settings.ranks
    )
    model = new_model(settings, folder)
    if start is not None:
        model.load_state_dict(type(model).from_pretrained(str(start), dtype=torch.float32).state_dict())
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(rest, lr=settings.rest_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)

    def loss_of(ids: torch.Tensor) -> torch.Tensor:
        hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        logits = functional.linear(hidden, model.model.embed_tokens.weight)
        return functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())

    step_loss = torch.compile(loss_of) if settings.compile else loss_of
    stream = np.memmap(tokens, dtype=np.uint16, mode="r")
    window = settings.rows * (settings.length + 1)
    parameters = [*matrices, *rest]
    started = time.perf_counter()
    running = 0.0
    for step in range(settings.last_step):
        begin = ((step * settings.ranks + rank) * window) % (len(stream) - window)
        ids = torch.from_numpy(stream[begin : begin + window].astype(np.int64)).view(settings.rows, settings.length + 1)
        loss = step_loss(ids)
        loss.backward()
        flat = torch.cat([parameter.grad.flatten() for parameter in parameters])
        distributed.all_reduce(flat)
        flat /= settings.ranks
        flat *= min(1.0, 1.0 / (float(flat.norm()) + 1e-6))
        place = 0
        for parameter in parameters:
            parameter.grad.copy_(flat[place : place + parameter.numel()].view_as(parameter))
            place += parameter.numel()
        share = rate_at(step, settings)
        muon.step(settings.matrix_rate * share)
        for group in adam.param_groups:
            group["lr"] = settings.rest_rate * share
        adam.step()
        for parameter in parameters:
            parameter.grad = None
        running += float(loss.detach())
        if rank == 0 and (step + 1) % 20 == 0:
            seconds = time.perf_counter() - started
            row = {
                "step": step + 1,
                "loss": round(running / 20, 4),
                "seconds": round(seconds, 1),
                "cpu": round(time.process_time(), 1),
            }
            with (work / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")
            running = 0.0
        if rank == 0 and ((step + 1) % settings.checkpoint_every == 0 or step + 1 == settings.last_step):
            save_model(model, work / f"step-{step + 1:05d}")
    distributed.barrier()
    distributed.destroy_process_group()


def train(settings: PretrainSettings, folder: Path, tokens: Path, work: Path, start: Path | None = None) -> Path:
    """Train from scratch, or on from a checkpoint, and return the folder of the last checkpoint."""
    import torch.multiprocessing as multiprocessing

    work.mkdir(parents=True, exist_ok=True)
    (work / "rendezvous").unlink(missing_ok=True)
    (work / "settings.json").write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
    multiprocessing.spawn(train_rank, args=(settings, folder, tokens, work, start), nprocs=settings.ranks)
    return work / f"step-{settings.last_step:05d}"
