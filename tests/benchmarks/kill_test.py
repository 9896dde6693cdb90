"""Kill a working process again and again: `python -m tests.benchmarks.kill_test --kills 60`.

Prints what the kills hit, what was acknowledged before them, and every breach that was found (none is the claim).
"""

import argparse
import json
import tempfile
from pathlib import Path

from tests.workbench.killing.kills import kill_many


def main() -> int:
    """Kill, check, print; the exit code is 1 when anything was lost or torn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = kill_many(Path(folder), arguments.kills, arguments.seed)
    print("| in the middle of | kills | acknowledged before |")
    print("|---|---:|---:|")
    for kind in sorted({*result.in_the_middle_of, *result.done}):
        print(f"| {kind} | {result.in_the_middle_of[kind]} | {result.done[kind]} |")
    for problem in result.problems:
        print(f"- {problem}")
    figures = {
        "kills": result.kills,
        "problems": len(result.problems),
        "acknowledged": sum(result.done.values()),
        "seconds": round(result.seconds, 1),
    }
    print(json.dumps(figures))
    return int(bool(result.problems))


if __name__ == "__main__":
    raise SystemExit(main())
