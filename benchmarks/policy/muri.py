"""Muri's traces of Philly on 64 GPUs: completion times beside the schedulers that Muri's authors compared.

python -m benchmarks.policy muri [--trace FILE] [--sigma 0,1|none] [--restart 300] [--order ORDER] [--quick] [--json FILE]

Without a trace, both of the folder's. The published simulator moves running jobs for free; ours pays for each restart.
Calibration: SRSF, idealised like theirs, is to be within 8 % of their SRSF. With `sigma`, estimates are wrong by
`exp(sigma x N(0, 1))`; then the peer is the better of Tiresias and Themis, which need none. `none`: no estimates.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options

from benchmarks.policy.figures import Beside, completion, makespan, results, told
from benchmarks.policy.published import by_column
from benchmarks.policy.runs import FREE_SRSF, PRODUCTION, Row, arriving, rows, serve
from benchmarks.policy.traces import folder, found, sigmas, stem
from benchmarks.report import Result, parser, publish

POOL = Pool((Nodes(8, 8, "v100"),), {})
TRACES = ("muri_philly_trace1.csv.gz", "muri_philly_trace3.csv.gz")
PUBLISHED = "muri_published.csv"
METRICS = {"avg_jct_s": "avg_jct_seconds", "p99_jct_s": "p99_jct_seconds", "makespan_s": "makespan_seconds"}
KNOWS, GUESSES = "SRSF", ("Tiresias_L", "themis")
CALIBRATED, PRODUCTION_FACTOR, NO_ESTIMATES_FACTOR = 1.08, 1.10, 1.05
# What is shown to be in reach with estimates that are typically wrong by a factor of two: seconds.
TARGETS_SIGMA_1 = {"trace1": 1_160_000.0, "trace3": 205_000.0}


def main(arguments: Sequence[str]) -> None:
    """Run the traces and print ours beside what was published."""
    options = parser(__doc__ or "")
    options.add_argument("--trace", type=Path, metavar="FILE", help="default: those of the traces")
    options.add_argument(
        "--sigma", type=sigmas, default="0,1", metavar="S", help="errors of estimates, or `none`"
    )
    options.add_argument("--restart", type=int, default=300, metavar="SECONDS", help="what a restart costs")
    options.add_argument("--order", choices=sorted(ORDERS), help="this order alone")
    given = options.parse_args(arguments)
    traces = [given.trace] if given.trace is not None else []
    if not traces and found(*TRACES):
        traces = [folder() / name for name in (TRACES[1:] if given.quick else TRACES)]
    ways, errors = (
        rows(given.order, given.quick, (FREE_SRSF,)),
        given.sigma[-1:] if given.quick else given.sigma,
    )
    table = [one for trace in traces for one in told(measure(trace, errors, given.restart, ways))]
    if table:
        publish("policy muri", table, given.json)


def measure(
    trace: Path, errors: Sequence[float | None], restart_seconds: int, ways: Sequence[Row]
) -> Iterator[Result]:
    """The figures of a trace, for each error of estimates and each way to serve it."""
    asked = read_trace(f"muri:{trace}", Options())
    quota, name = open_quota(POOL, {one.firm for one in asked}), stem(trace)
    for sigma in errors:
        works = arriving(asked, POOL, sigma)
        for row in ways:
            if row.idealised and sigma != 0.0:
                continue
            case = row.case(name) + (f", sigma {_said(sigma)}" if len(errors) > 1 else "")
            records = serve(case, row, POOL, quota, works, restart_seconds)
            values = {**completion(records.jobs), **makespan(records)}
            yield from results(case, values, beside(name, row, sigma))


def _said(sigma: float | None) -> str:
    return "none" if sigma is None else f"{sigma:g}"


def beside(name: str, row: Row, sigma: float | None) -> Beside:
    """The published figures that a row is to be held against, and its targets; nothing for other traces than theirs."""
    known = published(name.removeprefix("muri_philly_"))
    if not known:
        return Beside()
    peer = KNOWS if sigma == 0.0 else min(GUESSES, key=lambda one: known[one]["avg_jct_seconds"])
    return Beside(peer, known[peer], targets(name.removeprefix("muri_philly_"), row, sigma, known))


def targets(
    trace: str, row: Row, sigma: float | None, known: dict[str, dict[str, float]]
) -> dict[str, float]:
    """The mean, and with perfect estimates the p99 too; the production default may be a tenth worse than SRSF."""
    if row.idealised:
        return {"avg_jct_seconds": CALIBRATED * known[KNOWS]["avg_jct_seconds"]}
    if sigma is None:
        return {"avg_jct_seconds": NO_ESTIMATES_FACTOR * known["themis"]["avg_jct_seconds"]}
    of_srsf: dict[str, float] = {}
    if sigma == 0.0:
        of_srsf = {metric: known[KNOWS][metric] for metric in ("avg_jct_seconds", "p99_jct_seconds")}
    elif sigma == 1.0:
        of_srsf = {"avg_jct_seconds": TARGETS_SIGMA_1[trace]}
    factor = {"srsf": 1.0, PRODUCTION: PRODUCTION_FACTOR}.get(row.order)
    return {metric: factor * value for metric, value in of_srsf.items()} if factor is not None else {}


def published(trace: str) -> dict[str, dict[str, float]]:
    """What was published for a trace, by scheduler and metric; empty when there is nothing."""
    path = folder() / PUBLISHED
    if trace not in TARGETS_SIGMA_1 or not path.is_file():
        return {}
    tables = {
        one: by_column(path, "metric", "value_s", scheduler=one, trace=trace) for one in (KNOWS, *GUESSES)
    }
    return {
        one: {METRICS[key]: value for key, value in each.items() if key in METRICS}
        for one, each in tables.items()
    }
