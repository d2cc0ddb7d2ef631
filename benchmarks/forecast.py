"""How often a forecast of a start holds: jobs of a trace are forecast when they are submitted, then it is seen when they start.

The estimates that the scheduler is told are wrong by sigma 1. Forecast is a part of the jobs that did not start at once, with what
was known at that moment: the snapshot, and the jobs that came before.

python -m benchmarks.forecast [--trace muri-trace3|muri-trace1|philly-vc] [--jobs N] [--samples N] [--quick] [--json FILE]

The traces are those of the folder that BOSTAN_TRACES names, else of ../shared/traces.
"""

import csv
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from statistics import median

from bostan_scheduler.core.foretold import Forecast, Foretold
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.snapshot import Firm, Snapshot
from bostan_scheduler.sim import World
from bostan_scheduler.sim.asked import Estimates, works
from bostan_scheduler.sim.engine import Engine
from bostan_scheduler.sim.forecast.case import Case, attained, frozen
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.past import Came, Past
from bostan_scheduler.sim.forecast.play import forecast, starts
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota, shared_quota, snapshot
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.records import JobRecord

from benchmarks.report import Result, parser, publish
from benchmarks.sim import TRACES, WINDOW

TARGET = 0.85
JOBS, QUICK_JOBS = 100, 20
PAST_JOBS = 500
WARM_UP = 0.1
"""So much of a trace is over before the first forecast: before it, nothing is known of anything."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A forecast to make, and when the job did start, in seconds after it was submitted; None: never."""

    case: Case
    started: float | None


def main() -> None:
    """Replay, forecast, and print how often the forecasts held."""
    options = parser(__doc__ or "")
    options.add_argument("--trace", choices=sorted(WORLDS), default="muri-trace3")
    options.add_argument("--jobs", type=int, help=f"so many forecasts, {JOBS} else")
    options.add_argument("--samples", type=int, default=ForecastLimits().samples, help="futures of each")
    given = options.parse_args()
    limits = ForecastLimits(samples=given.samples, samples_min=min(given.samples, 20), wall_seconds=60.0)
    count = given.jobs or (QUICK_JOBS if given.quick else JOBS)
    asked = replayed(WORLDS[given.trace](), count)
    with ProcessPoolExecutor(max(1, (cpu_count() or 2) - 1)) as pool:
        told = list(pool.map(foretell, asked, [limits] * len(asked)))
    publish("forecast", list(results(given.trace, asked, told)), given.json)


def foretell(one: Asked, limits: ForecastLimits) -> Forecast:
    """The forecast that a centre would have made."""
    return forecast(one.case, starts(one.case, range(limits.samples), limits), limits)


def replayed(world: World, count: int) -> list[Asked]:
    """Run the trace once, and keep what was known when each of a sample of jobs was submitted and had to wait."""
    engine, cases = Engine.of(world, check=False), dict[str, Case]()
    chosen = _chosen(world, count)
    for now in engine.run():
        for job_id in [one for one in chosen if chosen[one] <= now]:
            del chosen[job_id]
            job = engine.draft.jobs.get(job_id)
            if job is not None and isinstance(job.phase, Queued):
                cases[job_id] = Case(frozen(_kept(engine)), _past(engine), job_id)
        _tell(f"{engine.scribe.finished} of {len(world.works)} jobs, {len(cases)} cases")
        if not chosen and all(engine.scribe.jobs[one].first_start_at is not None for one in cases):
            break
    return [Asked(case, _started(engine, case)) for case in list(cases.values())[:count]]


def _chosen(world: World, count: int) -> dict[str, int]:
    """More than are wanted, since most of them start at once; drawn evenly over the trace."""
    late = world.works[int(WARM_UP * len(world.works)) :]
    draws = random.Random(1)
    chosen = draws.sample(late, min(len(late), 4 * count))
    return {work.id: work.submit_at for work in sorted(chosen, key=lambda work: work.submit_at)}


def _kept(engine: Engine) -> Snapshot:
    """The draft as it is: it is written on afterwards."""
    draft = engine.draft
    return replace(
        draft.view,
        jobs=dict(draft.jobs),
        attempts=dict(draft.attempts),
        nodes=dict(draft.nodes),
        heard=dict(draft.heard),
        journals=dict(draft.journals),
    )


def _past(engine: Engine) -> Past:
    records = list(engine.scribe.jobs.values())[-PAST_JOBS:]
    return Past(tuple(_came(engine, one) for one in records))


def _came(engine: Engine, record: JobRecord) -> Came:
    """As the centre knows it: how long it ran, or how far it has come."""
    job, spec = engine.draft.jobs.get(record.id), engine.agents.works[record.id].spec
    if job is None:
        return Came(record.submit_at, spec, record.run_milliseconds)
    holding = [one for one in engine.draft.attempts.values() if one.holds and one.job_id == job.id]
    return Came(record.submit_at, spec, None, attained(engine.draft.view, job, holding))


def _started(engine: Engine, case: Case) -> float | None:
    at = engine.scribe.jobs[case.job_id].first_start_at
    return (at - case.snapshot.now) / 1000 if at is not None else None


def results(trace: str, asked: Sequence[Asked], told: Sequence[Forecast]) -> Iterator[Result]:
    """How many were forecast at all, how many started before their P90 and P50, and how wide the forecasts are.

    Where the P90 is "beyond the horizon", no bound was told that could hold: these are counted by themselves.
    """
    case = f"{trace}, {len(asked)} jobs that waited"
    both = [(one, of) for one, of in zip(asked, told, strict=True) if isinstance(of, Foretold)]
    yield Result(case, "forecast_share", len(both) / max(1, len(asked)), "", "higher")
    for name, target in (("p90", TARGET), ("p50", None), ("p10", None)):
        bounds = [(one.started, getattr(of, f"{name}_seconds")) for one, of in both]
        bounded = [(started, bound) for started, bound in bounds if bound is not None]
        held = sum(started is not None and started <= bound for started, bound in bounded)
        yield Result(case, f"started_before_{name}_share", held / max(1, len(bounded)), "", "higher", target)
    waited = [one.started for one, _ in both if one.started is not None]
    yield Result(case, "median_wait_seconds", median(waited) if waited else 0.0, "s", "lower")
    p90 = [of.p90_seconds for _, of in both if of.p90_seconds is not None]
    yield Result(case, "median_p90_seconds", median(p90) if p90 else 0.0, "s", "lower")
    beyond = sum(of.p90_seconds is None for _, of in both)
    yield Result(case, "p90_beyond_horizon_share", beyond / max(1, len(both)), "", "lower")


def muri(name: str) -> World:
    """64 GPUs of one firm."""
    pool = Pool((Nodes(8, 8, "a100"),), {})
    asked = read_trace(f"muri:{name}.csv.gz", Options({}, TRACES))
    quota = open_quota(pool, ["firm"])
    return World(snapshot(pool, [Firm("firm")], quota), works(asked, pool.start_at, 8, Estimates(sigma=1.0)))


def philly() -> World:
    """Eleven virtual clusters at a quarter of their size, each guaranteed its own and lending what is idle."""
    with (TRACES / "philly_vc_nodes.csv").open() as stream:
        nodes = {row["vc"]: int(row["node num"]) // 4 for row in csv.DictReader(stream)}
    options = Options({**WINDOW, "firms": ",".join(nodes)}, TRACES)
    asked = read_trace("philly-vc:philly_vc_jobs.csv.gz", options)
    pool = Pool((Nodes(sum(nodes.values()), 8, "v100"),), {})
    quota = shared_quota(pool, {firm: 8 * count for firm, count in nodes.items()})
    firms = map(Firm, nodes)
    return World(snapshot(pool, firms, quota), works(asked, pool.start_at, 8, Estimates(sigma=1.0)))


WORLDS = {
    "muri-trace1": lambda: muri("muri_philly_trace1"),
    "muri-trace3": lambda: muri("muri_philly_trace3"),
    "philly-vc": philly,
}


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}  ")


if __name__ == "__main__":
    main()
