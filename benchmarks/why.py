"""How long the leader is kept by one question of why a job waits, and how long the plans after many of them take.

python -m benchmarks.why [--quick] [--json FILE]

The cluster of benchmarks.core an hour and a half after all that fits was started, in four states: full; half free, since
no firm may borrow; full, with windows ahead in every park; and half free with no two nodes alike. Jobs are added that wait for each kind of reason.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bostan_scheduler.core.amount import NONE, Gpus
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, JobSpec, ParkRules, Qos, Queued, RankNeeds
from bostan_scheduler.core.obstacle import LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.quota import ClassQuota, QuotaTree
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.why.helps import helps
from bostan_scheduler.core.why.look import looking
from bostan_scheduler.core.why.parks import park_rows
from bostan_scheduler.core.why.reasons import reasons
from bostan_scheduler.core.why.why import explain
from bostan_scheduler.garbage import collect_seldom

from benchmarks.cluster import CLASSES, GPUS, HOURS, NOW, Size, cluster
from benchmarks.core import cold, running, steps
from benchmarks.report import Result, parser, publish

FULL, SMALL = Size(10_000, 100_000), Size(1_000, 10_000, parks=20, firms=50)
ANSWER_P95_MS_MAX = 50.0
ASKED, QUICKLY_ASKED = 10, 4
"""How many jobs of each kind are asked about."""
LATER_SECONDS = 5_400
OWN_GPUS, OWN_FROM_SECONDS, NOTICE_SECONDS = 16, 7_200, 900
WINDOW_SECONDS = 100_000
TIGHT_GPUS = 4
GIB = 2**30


def main() -> None:
    """Ask about each kind of job in each state of the cluster."""
    arguments = parser(__doc__ or "").parse_args()
    size, asked = (SMALL, QUICKLY_ASKED) if arguments.quick else (FULL, ASKED)
    results = [one for state in STATES for one in answers(state, size, asked)]
    publish("why", results, arguments.json)


def answers(state: str, size: Size, asked: int) -> Iterator[Result]:
    """The figures of each kind, those of all together, and what the plans after them take."""
    planner, snapshot = Planner(), STATES[state](with_asked(cluster(size), asked))
    collect_seldom()
    started, now = running(planner, snapshot, cold(planner, snapshot).changes), after(NOW, LATER_SECONDS)
    draft = Draft.of(replace(started, round_at=now), now)  # no round is due: plans alone are looked at
    desk, every = planner.at(draft.view), list[Timed]()
    for kind in ("no room", "gang", *KINDS):
        times = [timed(desk, job) for job in waiting(desk, kind, asked)]
        every += times
        yield from figures(f"{state}, {kind}", times, ("answer",))
    yield from figures(f"{state}, all of {size}", every, PARTS, ANSWER_P95_MS_MAX)
    plans = [1000 * one for one in steps(planner, draft.view)]
    yield Result(f"{state}, then plans", "incremental_plan_p50_ms", statistics.median(plans), "ms", "lower")
    yield Result(f"{state}, then plans", "incremental_plan_most_ms", max(plans), "ms", "lower")


# What is asked


def with_asked(snapshot: Snapshot, asked: int) -> Snapshot:
    """The cluster with jobs of each kind, all different, and a firm that may hold next to nothing."""
    nodes = snapshot.quota.nodes
    own = dict.fromkeys(CLASSES, ClassQuota(Gpus(TIGHT_GPUS), NONE))
    tight = replace(nodes["firm000"], id="tight", firm="tight", gpus=own)
    jobs = {one.id: one for kind in KINDS for one in _jobs(kind, asked)}
    tree = QuotaTree({**nodes, tight.id: tight})
    return replace(snapshot, jobs={**snapshot.jobs, **jobs}, quota=tree)


def _jobs(kind: str, asked: int) -> Iterator[Job]:
    chance = random.Random(kind)
    for number in range(asked):
        plain = JobSpec(
            name="train",
            firm=f"firm{number % 50:03}",
            project=None,
            command=("python", "train.py"),
            replicas=1,
            rank=RankNeeds(chance.choice(GPUS), cpus=chance.randint(1, 16)),
            gpu_classes=(chance.choice(CLASSES),),
            time_limit_seconds=chance.choice(HOURS) * 3600 + 60 * chance.randint(1, 50),
        )
        at = after(NOW, -number)
        yield Job(f"{kind} {number}", KINDS[kind](plain), at, "member", Queued(at))


KINDS: dict[str, Callable[[JobSpec], JobSpec]] = {
    "large gang": lambda spec: replace(spec, replicas=256, rank=RankNeeds(8, cpus=32)),
    "no quota": lambda spec: replace(spec, firm="tight", replicas=3),
    "unknown class": lambda spec: replace(spec, gpu_classes=("mi300x",)),
    "no such park": lambda spec: replace(spec, parks=ParkRules(allow=("nowhere",))),
    "one park": lambda spec: replace(spec, replicas=2, parks=ParkRules(allow=("park007",))),
    "any class": lambda spec: replace(spec, replicas=2, gpu_classes=()),
    "much beside": lambda spec: replace(spec, rank=RankNeeds(spec.rank.gpus, 120, 900 * GIB)),
    "scavenger": lambda spec: replace(spec, replicas=2, qos=Qos.SCAVENGER),
    "part of a GPU": lambda spec: replace(spec, replicas=8, rank=RankNeeds(1, 4, gpu_milli=250)),
}


def waiting(desk: Desk, kind: str, asked: int) -> list[Job]:
    """Jobs of a kind that wait; of the cluster's own those on one node, and gangs."""
    if kind in KINDS:
        jobs = [desk.snapshot.jobs[f"{kind} {number}"] for number in range(asked)]
        return [job for job in jobs if isinstance(job.phase, Queued)]
    gangs = kind == "gang"
    line_heads = [line.entries[0][-1] for line in desk.queue.lines.values()]
    own = (desk.snapshot.jobs[job_id] for job_id in line_heads if job_id.startswith("j0"))
    return random.Random(1).sample([job for job in own if (job.spec.replicas > 1) == gangs], asked)


# In which state


def _half_free(snapshot: Snapshot) -> Snapshot:
    nodes = {
        node.id: node if node.firm is None else replace(node, gpus=_not_borrowing(node.gpus))
        for node in snapshot.quota.nodes.values()
    }
    return replace(snapshot, quota=QuotaTree(nodes))


def _not_borrowing(gpus: object) -> dict[str, ClassQuota]:
    assert isinstance(gpus, dict)
    return {gpu_class: replace(quota, borrow_limit=NONE) for gpu_class, quota in gpus.items()}


def _with_windows(snapshot: Snapshot) -> Snapshot:
    """Each park keeps GPUs of each class for its own, in every second one lent, and a tenth of the parks are closed later."""
    ahead = [one for number, park in enumerate(snapshot.parks) for one in _windows(number, park)]
    return replace(snapshot, obstacles={one.id: one for one in ahead})


def _windows(number: int, park: str) -> Iterator[Obstacle]:
    until = after(NOW, WINDOW_SECONDS)
    for gpu_class in CLASSES:
        from_at = after(NOW, OWN_FROM_SECONDS + 60 * number)
        own = f"own {park} {gpu_class}", park, gpu_class, OWN_GPUS, from_at, until
        yield LocalReserve(*own, lend_when_idle=number % 2 == 0, notice_seconds=NOTICE_SECONDS)
    if number % 10 == 0:
        yield Maintenance(f"closed {park}", park, (), after(NOW, 2 * OWN_FROM_SECONDS), until)


def _ragged(snapshot: Snapshot) -> Snapshot:
    """Half free, and no two nodes alike: the worst there is for whoever looks at states of nodes instead of nodes."""
    chance = random.Random(1)
    nodes = {
        node.id: replace(node, cpus=128 + chance.randint(0, 64), memory_bytes=node.memory_bytes + number)
        for number, node in enumerate(snapshot.nodes.values())
    }
    return replace(_half_free(snapshot), nodes=nodes)


STATES: dict[str, Callable[[Snapshot], Snapshot]] = {
    "full": lambda snapshot: snapshot,
    "half free": _half_free,
    "windows": _with_windows,
    "ragged": _ragged,
}


# How long it takes

PARTS = ("answer", "reasons", "parks", "helps")


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one whole answer, and of its parts."""

    answer: float
    reasons: float
    parks: float
    helps: float


def timed(desk: Desk, job: Job) -> Timed:
    """The whole first: nothing of it is known before."""
    answer, waits = _milliseconds(lambda: explain(desk, job)), reasons(desk, job)
    with looking(desk, job) as look:
        return Timed(
            answer,
            _milliseconds(lambda: reasons(desk, job)),
            _milliseconds(lambda: park_rows(look, job)),
            _milliseconds(lambda: helps(look, job, waits)),
        )


def _milliseconds(answer: Callable[[], object]) -> float:
    began = time.perf_counter()
    answer()
    return 1000 * (time.perf_counter() - began)


def figures(
    case: str, times: Sequence[Timed], parts: Sequence[str], p95_max: float | None = None
) -> Iterator[Result]:
    """p50, p95 and most of whole answers and of some parts of them; the whole alone has a target."""
    for part in parts if times else ():
        values = sorted(getattr(one, part) for one in times)
        target = p95_max if part == "answer" else None
        yield Result(case, f"{part}_p50_ms", statistics.median(values), "ms", "lower")
        yield Result(case, f"{part}_p95_ms", values[int(0.95 * (len(values) - 1))], "ms", "lower", target)
        yield Result(case, f"{part}_most_ms", values[-1], "ms", "lower")


if __name__ == "__main__":
    main()
