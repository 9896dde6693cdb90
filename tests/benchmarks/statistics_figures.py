"""Published win rates and agreement coefficients, computed again.

python -m tests.benchmarks.statistics_figures
"""

from collections import defaultdict

import polars as pl

from pipelines.rating.agreement import krippendorff_alpha
from pipelines.rating.ratings import RATINGS
from pipelines.rating.win_rate import win_rate
from tests.benchmarks.public_data import rows_of, tell

CHOICE = {1.0: "right", 2.0: "left", 0.0: "tie", 1.5: "tie"}


def main() -> None:
    """Compare with what was published, and print the largest difference."""
    published = {row["model"]: row for row in rows_of("alpaca_eval/leaderboard_reference_a.jsonl")}
    votes: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for place, row in enumerate(rows_of("alpaca_eval/annotations_gpt4_a.jsonl.gz")):
        if row["preference"] is not None:
            model = row["generator"] if row["generator"] in published else row["model"]
            votes[model].append((str(place), str(place), "judge", model, "baseline", CHOICE[row["preference"]]))
    table, largest = [], 0.0
    for model, rows in sorted(votes.items()):
        found = win_rate(pl.DataFrame(rows, schema=RATINGS, orient="row"), model, "baseline")
        rate, error = float(published[model]["win_rate"]), float(published[model]["standard_error"])
        mine = 100 * found.win_rate, 100 * (found.standard_error or 0.0)
        table.append((model, f"{mine[0]:.4f}", f"{rate:.4f}", f"{mine[1]:.4f}", f"{error:.4f}"))
        largest = max(largest, abs(mine[0] - rate), abs(mine[1] - error))
    columns = ("model", "win rate", "published", "standard error", "published")
    tell("Win rates of AlpacaEval", columns, table, {"largest_difference": largest, "models": len(table)})
    table, largest = [], 0.0
    for entry in rows_of("agreement_tables/agreement_tables_a.jsonl"):
        wanted = entry["published"].get("krippendorff_alpha_nominal")
        if entry["kind"] == "ratings" and wanted is not None:
            alpha = krippendorff_alpha(list(zip(*entry["raters"].values(), strict=True)))
            table.append((entry["name"], f"{alpha:.3f}", f"{wanted:.3f}"))
            largest = max(largest, abs(round(alpha or 0.0, 3) - wanted))
    tell("Krippendorff's alpha", ("table", "alpha", "published"), table, {"largest_difference": round(largest, 6)})


if __name__ == "__main__":
    main()
