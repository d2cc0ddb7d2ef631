"""How fast the simulator is: a month of 10,000 jobs on 1,000 GPUs, and the virtual clusters of Philly at a quarter.

The second needs the traces: in the folder that BOSTAN_TRACES names, else in ../shared/traces; it is left out without them.

python -m benchmarks.sim [--quick] [--json FILE]
"""

import csv
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bostan_scheduler.core.snapshot import Firm
from bostan_scheduler.sim import World, simulate
from bostan_scheduler.sim.asked import Estimates, works
from bostan_scheduler.sim.pool import Nodes, Pool, shared_quota, snapshot
from bostan_scheduler.sim.progress import bar
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.scenario import Scenario

from benchmarks.report import Result, parser, publish

TRACES = Path(os.environ.get("BOSTAN_TRACES", Path(__file__).parents[2] / "shared" / "traces"))
MONTH_HOURS = 720.0
MONTH_TARGET_SECONDS = 60.0
# From 2017-10-01 to 2017-11-30, counted from the first submission.
WINDOW = {"from_seconds": "2294959", "until_seconds": "7565359"}
QUICK_JOBS = 500


def main() -> None:
    """Run both and print what they took."""
    arguments = parser(__doc__ or "").parse_args()
    results = list(measured("1 month, 10k jobs, 1,000 GPUs", month(arguments.quick), MONTH_TARGET_SECONDS))
    if (TRACES / "philly_vc_jobs.csv.gz").exists():
        results += measured("Philly-VC/4, 2 months, 704 GPUs", philly(arguments.quick), None)
    else:
        print(f"no traces in {TRACES}: Philly is left out")
    publish("sim", results, arguments.json)


def measured(case: str, world: World, target: float | None) -> Iterator[Result]:
    """Seconds of wall for a world, and jobs a second."""
    began = time.perf_counter()
    with bar(len(world.works), world.pool.now) as watch:
        records = simulate(world, watch=watch)
    seconds = time.perf_counter() - began
    yield Result(case, "simulation_seconds", seconds, "s", "lower", target)
    yield Result(case, "jobs_per_second", len(records.jobs) / seconds, "1/s", "higher")
    yield Result(case, "plans_per_second", records.plans / seconds, "1/s", "higher")


def month(quick: bool) -> World:
    """A pool that is four fifths full, of five firms with guarantees."""
    hours = MONTH_HOURS * (QUICK_JOBS / 10_000 if quick else 1)
    value: dict[str, Any] = {
        "pool": [{"nodes": 125, "gpus": 8, "gpu_class": "a100"}],
        "firms": {f"firm{number}": {"guaranteed": 100} for number in range(5)},
        "workload": [
            {
                "generate": {
                    "arrivals_per_hour": 10_000 / MONTH_HOURS,
                    "hours": hours,
                    "run": {"median_seconds": 19_000, "sigma": 1.5},
                    "sizes": [
                        {"gpus": gpus, "weight": weight}
                        for gpus, weight in ((1, 60), (2, 12), (4, 12), (8, 12), (32, 4))
                    ],
                    "firms": {f"firm{number}": 1.0 for number in range(5)},
                }
            }
        ],
        "estimates": {"sigma": 1.0},
    }
    return replace(Scenario.of(None), value=value).world()


def philly(quick: bool) -> World:
    """Eleven virtual clusters, each guaranteed a quarter of its nodes in one pool, and lending what is idle."""
    with (TRACES / "philly_vc_nodes.csv").open() as stream:
        nodes = {row["vc"]: int(row["node num"]) // 4 for row in csv.DictReader(stream)}
    options = Options({**WINDOW, "firms": ",".join(nodes)}, TRACES)
    asked = read_trace("philly-vc:philly_vc_jobs.csv.gz", options)[: QUICK_JOBS if quick else None]
    pool = Pool((Nodes(sum(nodes.values()), 8, "v100"),), {})
    quota = shared_quota(pool, {firm: 8 * count for firm, count in nodes.items()})
    return World(
        snapshot(pool, map(Firm, nodes), quota), works(asked, pool.start_at, 8, Estimates(sigma=1.0))
    )


if __name__ == "__main__":
    main()
