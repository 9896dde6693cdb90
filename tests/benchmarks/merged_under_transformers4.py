"""Does a merged model say the same under transformers 4.57 as under the transformers that wrote it?

    python -m tests.benchmarks.merged_under_transformers4 [--python PATH]

Bases: the embedded one as it is, and small random models of families whose configuration the two versions write
differently: Llama with an own rotary base and with llama3 scaling, Mistral, Qwen 2 and 3, Gemma 3 with a rotary base a
layer kind, two of them also in the older version's words. Each gets a random adapter, is merged and written as
`workbench handoff --target merged` does, and is loaded by both versions, in a process each. Compared are the tokens of
a conversation by chat template, the template's text, the special tokens, the logits over all places, and twelve tokens
of greedy answer; and what the older version's words give with what the newer one's do.

Without --python an environment with transformers 4.57 is made with pip in a temporary folder, which takes torch and the
rest from this one. Exit code 1 where a model differs.
"""

import argparse
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from pipelines.handoff.model_folder import write_merged
from pipelines.training.adapter import add_adapter, save_adapter, trainable
from pipelines.training.base import load_base
from pipelines.training.base_name import base_folder
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import make_tiny_model

WANTED = "transformers==4.57.6"
# Two runs of the same sums in float32; a wrong rotary base moves logits by tenths and more.
TOLERANCE = 1e-4
SIZES = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 4096,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 512,
}  # fmt: skip
GEMMA3 = {
    "head_dim": 16,
    "layer_types": ["sliding_attention", "full_attention"],
    "sliding_window": 64,
    "rope_parameters": {
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
    },
}
# What a configuration says in the words of transformers 4, in the place of `rope_parameters`.
OLDER = {
    "llama, scaled, written by 4": {
        "rope_theta": 500000.0,
        "rope_scaling": {key: value for key, value in LLAMA3.items() if key != "rope_theta"},
    },
    "gemma 3, written by 4": {
        "rope_theta": 1000000.0,
        "rope_local_base_freq": 10000.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama, base 500,000": ("Llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}}),
    "llama, scaled": ("Llama", {"rope_parameters": LLAMA3}),
    "mistral": ("Mistral", {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}, "head_dim": 16}),
    "qwen 2": ("Qwen2", {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}}),
    "qwen 3": ("Qwen3", {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}, "head_dim": 16}),
    "gemma 3": ("Gemma3Text", GEMMA3),
    "llama, scaled, written by 4": ("Llama", {"rope_parameters": LLAMA3}),
    "gemma 3, written by 4": ("Gemma3Text", GEMMA3),
}
# Runs under both versions: it imports nothing of this project.
ASK = """
import json, sys
import numpy as np, torch, transformers
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
messages = [{"role": "user", "content": "Say number 7 please, naïve café 東京"}]
told = {"version": transformers.__version__}
for name, folder in json.loads(sys.argv[1]).items():
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder).eval()
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        many = torch.tensor([(ids * 40)[:300]])
        with torch.no_grad():
            logits = model(many).logits[0].float().numpy()
            answer = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0].tolist()
        np.save(sys.argv[2] + "/" + name.replace(" ", "-").replace(",", "") + ".npy", logits)
        specials = [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id]
        told[name] = {"text": text, "ids": ids, "answer": answer, "specials": specials, "dtype": str(model.dtype)}
    except Exception as error:
        told[name] = {"error": f"{type(error).__name__}: {error}"}
print(json.dumps(told))
"""


def main() -> None:
    """Write the models, ask both versions, print a Markdown table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="an interpreter that has transformers 4.57 and torch")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="merged-") as scratch:
        place = Path(scratch)
        python = chosen.python or make_environment(place / "environment")
        folders = {"embedded": merged("default", place / "embedded")}
        for name, (family, further) in FAMILIES.items():
            base = make_base(place / "bases" / file_name(name), family, further, OLDER.get(name))
            folders[name] = merged(str(base), place / "merged" / base.name)
        ours, theirs = (ask(which, folders, place / kind) for which, kind in ((sys.executable, "5"), (python, "4")))
        rows = [compare(name, ours, theirs, place) for name in folders]
    print(f"| merged model | {theirs['version']} against {ours['version']}: largest difference of a logit | the same |")
    print("|---|---|---|")
    for row in rows:
        print(f"| {row['model']} | {row['difference']} | {row['same']} {row['why']} |")
    print(json.dumps({"versions": [ours["version"], theirs["version"]], "models": rows}))
    sys.exit(not all(row["same"] for row in rows))


def make_environment(folder: Path) -> str:
    """Make an environment with transformers 4.57 that finds everything else here; returns its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED]
    subprocess.run(command, check=True)
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # Behind its own packages: what pip put there comes first.
    (Path(own.stdout.strip()) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return str(python)


def file_name(model: str) -> str:
    """Return what a model's files are called."""
    return model.replace(" ", "-").replace(",", "")


def make_base(folder: Path, family: str, further: dict[str, Any], older: dict[str, Any] | None) -> Path:
    """Write a small random model of a family with its tokenizer; `older` words take the place of the rotary's."""
    make_tiny_model(folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    (folder / "model.safetensors").unlink()
    torch.manual_seed(3)
    size = len(tokenizer["model"]["vocab"]) + len(tokenizer["added_tokens"])
    marks = {"bos_token_id": 0, "eos_token_id": 4, "pad_token_id": 0}
    make_config: Callable[..., Any] = getattr(transformers, f"{family}Config")
    config = make_config(**SIZES, **marks, vocab_size=size, **further)
    model_class = "Gemma3ForCausalLM" if family == "Gemma3Text" else f"{family}ForCausalLM"
    getattr(transformers, model_class)(config).save_pretrained(folder)
    # The family's own way of cutting words, where it has one.
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    if older is not None:
        held = json.loads((folder / "config.json").read_text("utf-8"))
        del held["rope_parameters"]
        (folder / "config.json").write_text(json.dumps(held | older), "utf-8")
    return folder


def merged(base: str, out: Path) -> str:
    """Put a random adapter on a base and write the two as one model; returns its folder."""
    model, _ = load_base(base)
    tuned = add_adapter(model, TrainSettings(base=base, rank=4, alpha=8))
    generator = torch.Generator().manual_seed(7)
    for parameter in trainable(tuned):
        parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    adapter = out.with_name(f"{out.name}-adapter")
    save_adapter(tuned, adapter, base)
    out.mkdir(parents=True)
    write_merged(adapter, base, out)
    shutil.rmtree(adapter)
    assert base_folder(base) != out
    return str(out)


def ask(python: str, folders: dict[str, str], out: Path) -> dict[str, Any]:
    """Let one interpreter load and ask all models; logits come as files in `out`."""
    out.mkdir(parents=True)
    done = subprocess.run(
        [python, "-W", "ignore", "-c", ASK, json.dumps(folders), str(out)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def compare(name: str, ours: dict[str, Any], theirs: dict[str, Any], place: Path) -> dict[str, Any]:
    """Compare what two versions said of one model."""
    for told in (ours, theirs):
        if "error" in told[name]:
            why = f"transformers {told['version']}: {told[name]['error'][:200]}"
            return {"model": name, "same": False, "difference": None, "why": why}
    file = f"{file_name(name)}.npy"
    one, other = (np.load(place / kind / file) for kind in ("5", "4"))
    difference = float(np.abs(one - other).max())
    if name in OLDER:
        newer = np.load(place / "5" / f"{file_name(name.removesuffix(', written by 4'))}.npy")
        difference = max(difference, float(np.abs(one - newer).max()))
    spread = float(one.std())
    differing = [key for key in ours[name] if ours[name][key] != theirs[name][key]]
    same = not differing and difference <= TOLERANCE * max(spread, 1.0)
    why = f"differs in {', '.join(differing)}" if differing else ""
    return {"model": name, "same": same, "difference": f"{difference:.1e} of {spread:.2f}", "why": why}


if __name__ == "__main__":
    main()
