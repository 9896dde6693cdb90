"""The generate job: several variants answer the same prompts.

    data/prompts.jsonl      {"example_id", "messages"} a line; a last assistant message is not shown to the model
    data/few_shot.jsonl     {"example_id", "messages"} a line: the training examples that prompts may show
    data/nearest.jsonl      {"example_id", "shots"} a line: the ids of the training examples nearest to a prompt
    outputs/VARIANT.jsonl   {"example_id", "text", "seconds", "tokens"} a line, appended batch by batch; an endpoint's
                            lines hold the tokens that it counted: "prompt_tokens", "completion_tokens"

A base model is loaded once for all its variants: first those without adapter, then one adapter after the other. What is
answered already is not answered again.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.generation.endpoint import EndpointOutput, ask_endpoint
from pipelines.generation.endpoint_settings import EndpointSettings
from pipelines.generation.few_shot import few_shot_conversations
from pipelines.generation.generate import Output, generate_outputs, position_limit, prompt_tokens
from pipelines.progress import Cancelled
from pipelines.training.adapter import load_adapter, merged_adapter
from pipelines.training.base import load_base
from pipelines.training.prepare import resolve_device
from workbench.jobs.context import JobContext
from workbench.jobs.endpoint_key import key_of
from workbench.jobs.files import read_rows, write_text
from workbench.jobs.settings import GenerateJob, Variant

Prompt = tuple[str, list[Message]]
# Room that few-shot examples must leave for an answer, in tokens, where the answer's limit is higher.
LEAST_ROOM = 128


def run_generate_job(job: GenerateJob, context: JobContext) -> bool:
    """Let every variant answer every prompt; returns True (a cancelled job raises `Cancelled`)."""
    prompts = _read_prompts(context.folder / "data" / "prompts.jsonl")
    few_shot = _read_prompts(context.folder / "data" / "few_shot.jsonl", needed=False)
    names = [variant.name for variant in job.variants]
    if len(set(names)) < len(names):
        raise CurationError(f"Two variants have the same name: {', '.join(names)}.", "Give each its own name.")
    if any(variant.few_shot for variant in job.variants) and not few_shot:
        raise CurationError("A few-shot variant has no training examples to show.", "Write data/few_shot.jsonl.")
    by_base: dict[str, list[Variant]] = defaultdict(list)
    done = 0
    for variant in job.variants:
        if variant.endpoint is not None:
            report = _reporter(context, variant.name, done / len(names), 1 / len(names))
            _answer(variant, prompts, few_shot, None, None, job, context.folder, report)
            done += 1
            continue
        # The model of a full fine-tuning is named from this folder, like adapters.
        by_base[str(context.folder / variant.base) if variant.base.startswith("../") else variant.base].append(variant)
    for base, variants in by_base.items():
        context.progress(done / len(names), "Loading the base model")
        model, tokenizer = load_base(base, device=resolve_device("auto"))
        for variant in sorted(variants, key=lambda variant: variant.adapter is not None):
            merged: AbstractContextManager[Any] = nullcontext()
            if variant.adapter is not None:
                model = load_adapter(model, context.folder / variant.adapter, base, variant.name.replace(".", "_"))
                merged = merged_adapter(model, variant.name.replace(".", "_"))
            with merged:
                report = _reporter(context, variant.name, done / len(names), 1 / len(names))
                _answer(variant, prompts, few_shot, model, tokenizer, job, context.folder, report)
            done += 1
    return True


def _answer(
    variant: Variant,
    prompts: list[Prompt],
    few_shot: list[Prompt],
    model: Any,
    tokenizer: Any,
    job: GenerateJob,
    folder: Path,
    report: Callable[[float, str], None],
) -> None:
    path = folder / "outputs" / f"{variant.name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    rows = [row for row in read_rows(path) if {"example_id", "text"} <= row.keys()]
    if path.exists():
        write_text(path, "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows))
    answered = {row["example_id"] for row in rows}
    left = [prompt for prompt in prompts if prompt[0] not in answered]
    report(0.0, "")
    if not left:
        return
    limit = None if model is None else position_limit(model)
    room = min(job.generation.max_new_tokens, LEAST_ROOM)
    conversations = few_shot_conversations(
        [messages for _, messages in few_shot],
        [_with_system(messages, variant.system) for _, messages in left],
        variant.few_shot,
        seed=job.seed,
        fits=None if limit is None else lambda prompt: len(prompt_tokens(prompt, tokenizer)) + room <= limit,
        nearest=_read_nearest(folder / "data" / "nearest.jsonl", left, few_shot) if variant.nearest else None,
    )
    if variant.endpoint is not None:
        _ask(variant.endpoint, conversations, left, path, job, report)
        return

    def write(batch: list[Output]) -> None:
        with path.open("a", encoding="utf-8") as file:
            for output in batch:
                row = {
                    "example_id": left[output.position][0],
                    "text": output.text,
                    "seconds": output.seconds,
                    "tokens": output.tokens,
                }
                file.write(json.dumps(row) + "\n")

    generate_outputs(conversations, model, tokenizer, job.generation, on_batch=write, progress=report)


def _ask(
    endpoint: EndpointSettings,
    conversations: list[list[Message]],
    left: list[Prompt],
    path: Path,
    job: GenerateJob,
    report: Callable[[float, str], None],
) -> None:
    def write(output: EndpointOutput) -> None:
        row = {
            "example_id": left[output.position][0],
            "text": output.text,
            "seconds": output.seconds,
            "prompt_tokens": output.prompt_tokens,
            "completion_tokens": output.completion_tokens,
        }
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    ask_endpoint(
        conversations,
        endpoint,
        key=key_of(endpoint),
        max_tokens=job.generation.max_new_tokens,
        on_answer=write,
        progress=report,
    )


def _with_system(messages: list[Message], system: str | None) -> list[Message]:
    if system is None:
        return messages
    return [{"role": "system", "content": system}, *(one for one in messages if one.get("role") != "system")]


def _read_nearest(path: Path, left: list[Prompt], few_shot: list[Prompt]) -> list[list[int]]:
    place = {example_id: index for index, (example_id, _) in enumerate(few_shot)}
    chosen = {row["example_id"]: row["shots"] for row in read_rows(path)}
    try:
        return [[place[shot] for shot in chosen[example_id]] for example_id, _ in left]
    except KeyError as error:
        raise CurationError(f"nearest.jsonl lacks the example {error}.", "Start the comparison again.") from None


def _reporter(context: JobContext, name: str, start: float, share: float) -> Callable[[float, str], None]:
    def report(done: float, message: str) -> None:
        if context.should_stop():
            raise Cancelled
        context.progress(start + share * done, f"{name}: {message}" if message else name)

    return report


def _read_prompts(path: Path, *, needed: bool = True) -> list[Prompt]:
    if not path.is_file():
        if needed:
            raise CurationError(f"The run folder holds no {path.name}.", "Start the comparison again.")
        return []
    prompts: list[Prompt] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                prompts.append((str(row["example_id"]), list(row["messages"])))
            except (ValueError, KeyError, TypeError) as error:
                raise CurationError(
                    f"{path.name}, line {number}: no prompt ({error}).", "Start the comparison again."
                ) from error
    return prompts
