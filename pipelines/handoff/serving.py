"""How base and adapters are served: command lines for vLLM and TGI, and what their limits refuse.

Source: vLLM documentation "LoRA Adapters" (ranks that `--max-lora-rank` takes, no bias, no saved modules, no DoRA);
TGI documentation "LoRA (Low-Rank Adaptation)".
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import CurationError

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def check_served(adapter: Path) -> int:
    """Return the rank that vLLM has to be started with.

    Raises:
        CurationError: an adapter that neither vLLM nor TGI loads.
    """
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    remedy = "Hand off the merged folder (--target merged) and serve that."
    if config["r"] > RANKS[-1]:
        raise CurationError(f"vLLM serves adapters up to rank {RANKS[-1]}; this one has {config['r']}.", remedy)
    if config.get("bias", "none") != "none" or config.get("modules_to_save") or config.get("use_dora"):
        raise CurationError("vLLM serves no adapters with bias, saved modules or DoRA.", remedy)
    return next(rank for rank in RANKS if rank >= config["r"])


def serving_notes(base: str, adapters: Mapping[str, str], rank: int, longest: int) -> str:
    """Return Markdown with the command lines.

    Args:
        base: the base model's name.
        adapters: folder of each adapter, by the name that clients ask for.
        rank: for vLLM.
        longest: conversation in tokens.
    """
    vllm = " ".join(
        [
            f"vllm serve {shlex.quote(base)} --enable-lora --max-lora-rank {rank} --max-model-len {longest}",
            *("--lora-modules", *(shlex.quote(f"{name}={folder}") for name, folder in adapters.items())),
        ]
    )
    held = ",".join(f"{name}={folder}" for name, folder in adapters.items())
    tgi = f"text-generation-launcher --model-id {shlex.quote(base)} --lora-adapters {shlex.quote(held)}"
    first = next(iter(adapters))
    ask = {"model": first, "messages": [{"role": "user", "content": "Hello"}], "temperature": 0}
    return f"""# Serving base and adapters

The base model `{base}` is loaded once; each adapter is a model of its own to clients. Where the base is a folder on
your machine, put its path in the place of the name.

vLLM, an OpenAI-compatible endpoint on port 8000:

```sh
{vllm}
```

Text Generation Inference, on port 3000:

```sh
{tgi}
```

Ask it (vLLM; with TGI the adapter is named by `"model"` too):

```sh
curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(ask))}
```

More adapters on the same base: further NAME=FOLDER after `--lora-modules`, separated by blanks (TGI: by commas).
"""
