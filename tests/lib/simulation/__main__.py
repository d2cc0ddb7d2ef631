"""Many seeds, one after the other: PYTHONPATH=tests/lib python -m simulation [--seeds N] [--from SEED] [--log]"""
# ruff: noqa: T201 - it prints

import argparse
import sys
import time
from collections import Counter

from simulation.run import SimulationFailed, simulate


def main() -> int:
    """Run the seeds, print each failure, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first one")
    parser.add_argument(
        "--log", action="store_true", help="print what happened before a failure, and stop there"
    )
    arguments = parser.parse_args()
    began, failed, outcomes = time.monotonic(), 0, Counter[str]()
    totals = Counter[str]()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        try:
            outcome = simulate(seed)
        except SimulationFailed as error:
            failed += 1
            print(str(error)[:2000], flush=True)
            if arguments.log:
                print(*error.log, sep="\n")
                raise
        else:
            outcomes += outcome.outcomes
            totals += Counter(
                jobs=outcome.jobs, attempts=outcome.attempts, runs=outcome.runs, leaders=outcome.leaders
            )
    seconds = time.monotonic() - began
    print(f"{arguments.seeds} seeds, {failed} failed, {arguments.seeds * 60 / seconds:.0f} a minute")
    print(dict(totals), dict(outcomes))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
