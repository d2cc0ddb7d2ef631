"""How fast decisions are: a plan from cold, the next one after one event, and how both grow with the cluster.

python -m benchmarks.core [--quick] [--json FILE]

10,000 nodes of 8 GPUs in 100 parks, 100,000 waiting jobs in 200 shapes, of 500 firms in a quota tree of three levels;
each firm asks for four of the shapes. Garbage is collected as in the leader.
"""

import math
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bostan_scheduler.core.apply import carry_out
from bostan_scheduler.core.attempt import Lease, RankStarted, Running
from bostan_scheduler.core.changes import Change, Start
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.observe.ending import end
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.plan import Planner, Rows
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.garbage import collect_seldom

from benchmarks.cluster import Size, cluster
from benchmarks.report import Result, parser, publish

FULL, SMALL = Size(10_000, 100_000), Size(1_000, 10_000, parks=20, firms=50)
GROWTH_NODES, GROWTH_JOBS = (1_000, 3_000, 10_000), (10_000, 30_000, 100_000)
COLD_SECONDS_MAX, SMALL_SECONDS_MAX, STEP_MS_MAX = 3.0, 1.0, 10.0
PLACEMENTS_MIN, RSS_MB_MAX = 10_000.0, 1536.0
ROUND_AFTER_SECONDS, ROUND_SECONDS_MAX = 5400, 5.0
SLURM_SECONDS = 3.8
EVENTS = 100


@dataclass(frozen=True, slots=True)
class Cold:
    """The first plan of a cluster: seconds to take the snapshot in and to plan, and the attempts that start."""

    take_in_seconds: float
    plan_seconds: float
    changes: tuple[Change, ...]

    @property
    def seconds(self) -> float:
        """The whole."""
        return self.take_in_seconds + self.plan_seconds

    @property
    def starts(self) -> int:
        """How many attempts start."""
        return sum(isinstance(one, Start) for one in self.changes)


def main() -> None:
    """Measure one large cluster, one small one, and unless it is to be quick how the times grow."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--one", metavar="NODES,JOBS", help="print the seconds of one cold plan, and nothing else"
    )
    arguments = options.parse_args()
    if arguments.one:
        nodes, jobs = map(int, arguments.one.split(","))
        print(cold(Planner(), prepared(Size(nodes, jobs))).seconds)
        return
    results = [*large(FULL), *small(SMALL)]
    if not arguments.quick:
        results += growth()
    publish("core", results, arguments.json)


def prepared(size: Size) -> Snapshot:
    """A cluster, and the collector told that it stays."""
    snapshot = cluster(size)
    collect_seldom()
    return snapshot


def cold(planner: Planner, snapshot: Snapshot) -> Cold:
    """The first plan of a planner."""
    began = time.perf_counter()
    planner.at(snapshot)
    taken_in = time.perf_counter()
    changes = planner.plan(snapshot).changes
    return Cold(taken_in - began, time.perf_counter() - taken_in, changes)


def large(size: Size) -> Iterator[Result]:
    """From cold, and then one event at a time."""
    planner, snapshot, case = Planner(), prepared(size), str(size)
    first = cold(planner, snapshot)
    yield Result(case, "cold_plan_seconds", first.seconds, "s", "lower", COLD_SECONDS_MAX)
    rate = first.starts / first.plan_seconds
    yield Result(case, "placements_per_second", rate, "1/s", "higher", PLACEMENTS_MIN)
    times = [1000 * one for one in steps(planner, running(planner, snapshot, first.changes))]
    median, most = statistics.median(times), max(times)
    yield Result(case, "incremental_plan_p50_ms", median, "ms", "lower", STEP_MS_MAX)
    yield Result(case, "incremental_plan_most_ms", most, "ms", "lower")
    yield Result(case, "first_round_seconds", first_round(planner), "s", "lower", ROUND_SECONDS_MAX)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Result(case, "peak_rss_mb", peak_mb, "MB", "lower", RSS_MB_MAX)


def running(planner: Planner, snapshot: Snapshot, changes: tuple[Change, ...]) -> Snapshot:
    """The cluster once all that starts runs."""
    draft = Draft.of(snapshot, snapshot.now)
    for change in changes:
        carry_out(draft, change)
    for change in changes:
        if isinstance(change, Start):
            attempt = draft.attempts[change.attempt.id]
            phase = Running(snapshot.now, Lease(after(snapshot.now, attempt.lease_seconds), snapshot.now))
            seen = tuple(RankStarted("127.0.0.1", 4000, snapshot.now) for _ in attempt.places)
            draft.put_attempt(replace(attempt, phase=phase, seen=seen, started_at=snapshot.now))
    return _told(planner, draft)


def steps(planner: Planner, snapshot: Snapshot) -> Iterator[float]:
    """Seconds of each plan after one attempt has ended: what has changed is taken in, and planned upon."""
    chance = random.Random(1)
    attempts = sorted(one.id for one in snapshot.attempts.values() if one.holds)
    for attempt_id in chance.sample(attempts, EVENTS):
        draft = Draft.of(snapshot, after(snapshot.now, 1))
        for change in end(draft.view, draft.attempts[attempt_id], Succeeded()):
            carry_out(draft, change)
        rows = _rows(draft)
        began = time.perf_counter()
        planner.update(draft.view, rows)
        changes = planner.plan(draft.view).changes
        yield time.perf_counter() - began
        for change in changes:
            carry_out(draft, change)
        snapshot = _told(planner, draft)


def first_round(planner: Planner) -> float:
    """Seconds of the plan with which running jobs may be asked to go for the first time: all of them at once, since all started together."""
    assert planner.desk is not None, "nothing was planned yet"
    snapshot = planner.desk.snapshot
    later = replace(snapshot, now=after(snapshot.now, ROUND_AFTER_SECONDS))
    began = time.perf_counter()
    planner.plan(later)
    return time.perf_counter() - began


def _told(planner: Planner, draft: Draft) -> Snapshot:
    planner.update(draft.view, _rows(draft))
    return draft.view


def _rows(draft: Draft) -> Rows:
    return Rows(draft.changed_jobs.keys(), draft.changed_attempts.keys(), draft.changed_nodes.keys())


def small(size: Size) -> Iterator[Result]:
    """What Slurm was measured on."""
    first, case = cold(Planner(), prepared(size)), str(size)
    yield Result(
        case,
        "cold_plan_seconds",
        first.seconds,
        "s",
        "lower",
        SMALL_SECONDS_MAX,
        "Slurm 22.05 main pass",
        SLURM_SECONDS,
    )
    yield Result(case, "placements_per_second", first.starts / first.plan_seconds, "1/s", "higher")


def growth() -> Iterator[Result]:
    """Cold plans of nine clusters, each in a process of its own, and the powers that fit: seconds ~ nodes^a x jobs^b."""
    points = []
    for nodes in GROWTH_NODES:
        for jobs in GROWTH_JOBS:
            command = (sys.executable, "-m", "benchmarks.core", "--one", f"{nodes},{jobs}")
            seconds = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            points.append((math.log(nodes), math.log(jobs), math.log(seconds)))
            yield Result(str(Size(nodes, jobs)), "cold_plan_seconds", seconds, "s", "lower")
    by_nodes = statistics.linear_regression([x for x, _, _ in points], [z for _, _, z in points]).slope
    by_jobs = statistics.linear_regression([y for _, y, _ in points], [z for _, _, z in points]).slope
    yield Result("fit over all", "growth_with_nodes_power", by_nodes, "power", "lower")
    yield Result("fit over all", "growth_with_jobs_power", by_jobs, "power", "lower")


if __name__ == "__main__":
    main()
