"""What endpoints have used: answers, tokens, and what they cost at the prices that were given."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EndpointCost:
    """One variant's use; `uncounted` answers came without tokens.

    `cost` is None without prices, or with uncounted answers.
    """

    variant: str
    answers: int
    prompt_tokens: int
    completion_tokens: int
    uncounted: int
    cost: float | None

    @property
    def sentence(self) -> str:
        """Say it."""
        told = f"{self.variant}: {self.answers:,} answers, {self.prompt_tokens:,} prompt tokens and"
        told += f" {self.completion_tokens:,} answer tokens"
        if self.uncounted:
            return f"{told}; {self.uncounted:,} answers came without a count of tokens, so no cost can be told."
        return f"{told}; no prices were given." if self.cost is None else f"{told}; cost {self.cost:.4f}."


def endpoint_costs(folder: Path) -> list[EndpointCost]:
    """Count what the endpoints of an evaluation's folder have used; failed tries are not among it."""
    from workbench.jobs.files import read_rows
    from workbench.jobs.settings import GenerateJob, read_job

    if not (folder / "settings.json").is_file():
        return []
    job = read_job(folder)
    found = []
    for variant in job.variants if isinstance(job, GenerateJob) else ():
        if variant.endpoint is None:
            continue
        rows = [row for row in read_rows(folder / "outputs" / f"{variant.name}.jsonl") if "text" in row]
        counts = [(row.get("prompt_tokens"), row.get("completion_tokens")) for row in rows]
        asked, answered = sum(one or 0 for one, _ in counts), sum(other or 0 for _, other in counts)
        uncounted = sum(one is None or other is None for one, other in counts)
        prices = variant.endpoint.price_in, variant.endpoint.price_out
        cost = None
        if prices[0] is not None and prices[1] is not None and not uncounted:
            cost = (asked * prices[0] + answered * prices[1]) / 1e6
        found.append(EndpointCost(variant.name, len(rows), asked, answered, uncounted, cost))
    return found
