"""Shockwave's trace, 120 jobs on 32 V100: makespan, completion times and fairness beside the published policies.

python -m benchmarks.policy shockwave [--trace FILE] [--sigma 0] [--restart 20] [--order ORDER] [--quick] [--json FILE]

As in the published simulator there is no topology, and every start costs the 20 s, a job's first too. Theirs decides
in rounds of 120 s, ours at every event. Calibration: FIFO, which passes nobody there
nor here, and SRSF beside the same policies in their simulator. Neither moves a running job for FIFO, so nothing need be idealised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options

from benchmarks.policy.figures import Beside, completion, fairness, makespan, results, told
from benchmarks.policy.published import table
from benchmarks.policy.runs import PRODUCTION, STRICT_FIFO, Row, arriving, rows, serve
from benchmarks.policy.traces import folder, found, sigmas, stem
from benchmarks.report import Result, parser, publish

GPUS = 32
POOL = Pool((Nodes(1, GPUS, "v100"),), {})
TRACE, PUBLISHED = "shockwave_tacc120.csv", "shockwave_tacc120_published.csv"
COLUMNS = {
    "makespan_seconds": "makespan_s",
    "avg_jct_seconds": "avg_jct_s",
    "p99_jct_seconds": "p99_jct_s",
    "worst_rho": "worst_ftf",
    "unfair_percent": "unfair_pct",
}
TARGETS = {
    "makespan_seconds": 24_197.0,
    "avg_jct_seconds": 9_958.0,
    "worst_rho": 1.784,
    "unfair_percent": 5.0,
}
# Run by us in the published simulator, with its own FIFO and with SRSF added to it.
IN_THEIRS = {
    "strict-fifo": dict(zip(TARGETS, (33_308.0, 10_816.0, 5.769, 34.17), strict=True)),
    "srsf": dict(zip(TARGETS, (31_749.0, 7_357.0, 1.501, 5.0), strict=True)),
}


def main(arguments: Sequence[str]) -> None:
    """Run the trace and print ours beside what was published."""
    options = parser(__doc__ or "")
    options.add_argument("--trace", type=Path, metavar="FILE", help="default: that of the traces")
    options.add_argument(
        "--sigma", type=sigmas, default="0", metavar="S", help="errors of estimates, or `none`"
    )
    options.add_argument("--restart", type=int, default=20, metavar="SECONDS", help="what a start costs")
    options.add_argument("--order", choices=sorted(ORDERS), help="this order alone")
    given = options.parse_args(arguments)
    if given.trace is None and not found(TRACE):
        return
    trace = given.trace or folder() / TRACE
    ways = rows(given.order, given.quick, (STRICT_FIFO,))
    publish("policy shockwave", list(told(measure(trace, given.sigma, given.restart, ways))), given.json)


def measure(
    trace: Path, errors: Sequence[float | None], restart_seconds: int, ways: Sequence[Row]
) -> Iterator[Result]:
    """The figures of the trace, for each error of estimates and each way to serve it."""
    asked = read_trace(f"shockwave:{trace}", Options())
    quota = open_quota(POOL, {one.firm for one in asked})
    for sigma in errors:
        works = arriving([_started(one, restart_seconds) for one in asked], POOL, sigma)
        isolated = {work.id: work.run_milliseconds / 1000 - restart_seconds for work in works}
        for row in ways:
            case = row.case(stem(trace)) + (f", sigma {sigma}" if len(errors) > 1 else "")
            records = serve(case, row, POOL, quota, works, restart_seconds)
            values = makespan(records) | completion(records.jobs) | fairness(records.jobs, isolated, GPUS)
            yield from results(case, values, beside(stem(trace), row, sigma))


def _started(asked: Asked, restart_seconds: int) -> Asked:
    """The simulator charges for restarts; here the first start is a part of the run."""
    return replace(asked, run_seconds=asked.run_seconds + restart_seconds)


def beside(name: str, row: Row, sigma: float | None) -> Beside:
    """Shockwave itself for the production default; for a calibration the same policy in their simulator."""
    path = folder() / PUBLISHED
    if name != stem(Path(TRACE)) or not path.is_file():
        return Beside()
    if row.order in IN_THEIRS:
        return Beside(f"{row.order} in theirs", IN_THEIRS[row.order] if sigma == 0.0 else {})
    known = {
        metric: table(path, column, policy="shockwave", run="simulation_canonical")[0]
        for metric, column in COLUMNS.items()
    }
    return Beside("Shockwave", known, TARGETS if row.order == PRODUCTION else {})
