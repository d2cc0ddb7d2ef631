"""Gavel's continuous traces on 36 V100, 36 P100 and 36 K80: completion times beside the published policies.

python -m benchmarks.policy gavel [--trace FILE] [--throughputs FILE] [--rate 2.0,2.4,2.8] [--sigma 1] [--restart 300]
    [--seeds 0-1] [--order ORDER] [--quick] [--json FILE]

A job runs at the speed of the class that it is placed on. As in the published simulator there is no topology; theirs
restarts for free, ours pays. Measured are jobs 4000 to 4999 of 5000 (of a shorter trace, its last fifth), and the mean
over the seeds is what is published. Calibration: their FIFO that knows of speeds passes nobody, and places all anew
whenever a job comes or ends, each on the fastest class that is free. So does ours, idealised, at the first rate: it takes long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options

from benchmarks.policy.figures import Beside, completion_hours, results, told
from benchmarks.policy.published import by_column
from benchmarks.policy.runs import FREE_STRICT_FIFO, PRODUCTION, Row, arriving, rows, serve
from benchmarks.policy.traces import folder, found, numbers, rates, sigma, stem
from benchmarks.report import Result, parser, publish

GPUS = 36
POOL = Pool(tuple(Nodes(1, GPUS, of) for of in ("v100", "p100", "k80")), {})
TRACE, THROUGHPUTS = "gavel_continuous_multiple_seeds0-1.csv.gz", "gavel_throughputs.csv"
PUBLISHED = "gavel_published.csv"
MEASURED_PART = 5
QUICK_JOBS = 1000
METRIC = "avg_jct_hours"
GAVEL = ("fig9 continuous-multiple LAS", "Gavel (LAS het-aware)")
THEIR_FIFO = ("continuous-multiple FIFO", "Gavel (FIFO het-aware)")


@dataclass(frozen=True, slots=True)
class Trace:
    """The files, and how many jobs of each seed are taken: all, or so many."""

    jobs: Path
    throughputs: Path
    most: int | None

    def read(self, seed: int, rate: float) -> list[Asked]:
        """The jobs of a seed, so many an hour. Raises `InvalidFile`."""
        values = {"throughputs": str(self.throughputs), "jobs_per_hour": str(rate), "seed": str(seed)}
        if self.most is not None:
            values["jobs"] = str(self.most)
        return read_trace(f"gavel:{self.jobs}", Options(values))


def main(arguments: Sequence[str]) -> None:
    """Run the rates and print ours beside what was published."""
    options = parser(__doc__ or "")
    options.add_argument("--trace", type=Path, metavar="FILE", help="default: that of the traces")
    options.add_argument("--throughputs", type=Path, metavar="FILE", help="default: those of the traces")
    options.add_argument("--rate", type=rates, default="2.0,2.4,2.8", metavar="N,N", help="jobs an hour")
    options.add_argument(
        "--sigma", type=sigma, default="1", metavar="S", help="errors of estimates, or `none`"
    )
    options.add_argument("--restart", type=int, default=300, metavar="SECONDS", help="what a restart costs")
    options.add_argument("--seeds", type=numbers, default="0-1", metavar="N-N")
    options.add_argument("--order", choices=sorted(ORDERS), help="this order alone")
    given = options.parse_args(arguments)
    missing = [name for at, name in ((given.trace, TRACE), (given.throughputs, THROUGHPUTS)) if at is None]
    if not found(*missing):
        return
    files = (given.trace or folder() / TRACE, given.throughputs or folder() / THROUGHPUTS)
    trace = Trace(*files, QUICK_JOBS if given.quick else None)
    seeds, per_hour = (given.seeds[:1], given.rate[:1]) if given.quick else (given.seeds, given.rate)
    table: list[Result] = []
    for rate in per_hour:
        calibrations = (FREE_STRICT_FIFO,) if rate == per_hour[0] else ()
        for row in rows(given.order, given.quick, calibrations):
            table += told(measure(trace, seeds, rate, given.sigma, given.restart, row))
    publish("policy gavel", table, given.json)


def measure(
    trace: Trace, seeds: Sequence[int], rate: float, error: float | None, restart_seconds: int, row: Row
) -> Iterator[Result]:
    """The figure of each seed, and their mean beside what was published."""
    case = row.case(f"{stem(trace.jobs)}, {rate} jobs/h")
    hours: list[float] = []
    for seed in seeds:
        of_seed = f"{case}, seed {seed}"
        asked = trace.read(seed, rate)
        quota = open_quota(POOL, {one.firm for one in asked})
        records = serve(of_seed, row, POOL, quota, arriving(asked, POOL, error), restart_seconds)
        values = completion_hours(records.jobs[first_measured(len(records.jobs)) :])
        hours.append(values[METRIC])
        if len(seeds) > 1:
            yield from results(of_seed, values, Beside())
    whole = trace.most is None and stem(trace.jobs) == stem(Path(TRACE))
    yield from results(case, {METRIC: fmean(hours)}, beside(row, rate) if whole else Beside())


def first_measured(jobs: int) -> int:
    """From which job on completion times count: those before fill the pool."""
    return jobs - max(1, jobs // MEASURED_PART)


def beside(row: Row, rate: float) -> Beside:
    """Gavel's own policy, which is the target too; for the calibration its FIFO."""
    peer = THEIR_FIFO if row.order == FREE_STRICT_FIFO.order else GAVEL
    values = _published(peer, rate)
    return Beside(peer[1], values, values if row.order == PRODUCTION else {})


def _published(peer: tuple[str, str], rate: float) -> dict[str, float]:
    """What was published for a policy at a rate; nothing where it was off their scale, or the table is not there."""
    path = folder() / PUBLISHED
    if not path.is_file():
        return {}
    figure, policy = peer
    known = by_column(path, "jobs_per_hour_or_num_jobs", "value", figure=figure, policy=policy)
    return next(({METRIC: hours} for at, hours in known.items() if float(at) == rate), {})
