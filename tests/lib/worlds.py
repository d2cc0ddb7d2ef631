"""A line language for clusters: `node p/a 8; quota x 8; job j1 x 3` is a snapshot, and a plan reads back as lines.

node PARK/NAME COUNT[xCLASS][,...] [silent] [drained] [failed=N] [links=2,2] [cpus=N] [memory=GIB] [rack=R] [switch=S]
quota ID GUARANTEED[+BORROW][-LEND] [under PARENT] [class=C] [firm=F|branch] [max-job=N] [weight=W] [from=S] [until=S]
job ID FIRM GPUS[xREPLICAS] [class=C,C] [park=P] [not-park=P] [prefer=P] [avoid=N] [hours=N] [cpus=N] [memory=GIB] [age=S] [project=P]
    [estimate=S] [qos=Q] [saves] [preempted=S]      saves: it checkpoints when asked
    [stops=S]                                       how long it may take for that, and to stop
    [milli=N]                                       it wants so many thousandths of its one GPU; one that runs
                                                    is on the first GPU that has as much left for its firm
run ID FIRM NODE GPUS [for=S] [class=C] [stopping] [and the options of a job]
    an attempt that has run there for so long       stopping: it was asked to go
closed ID PARK FROM UNTIL [nodes=N,N]               maintenance, in seconds from now
booked ID PARK FIRM GPUS FROM UNTIL [class=C]       an advance reservation
own ID PARK GPUS FROM UNTIL [class=C] [lent] [notice=S]     a park's own reserve
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from bostan_scheduler.core.amount import UNLIMITED, Gpus
from bostan_scheduler.core.attempt import (
    Attempt,
    Fencing,
    Lease,
    Place,
    RankStarted,
    Run,
    Running,
    Stop,
    StopCause,
)
from bostan_scheduler.core.changes import Change, Intend, Reserve, Start, Unreserve
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import WHOLE_GPU, Active, Job, JobSpec, ParkRules, Qos, Queued, RankNeeds
from bostan_scheduler.core.node import Drain, Gpu, Heard, Node, Silent, Verdict
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.outcome import Cancelled
from bostan_scheduler.core.plan import Planner, waits_of
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm, Park, Settings, Snapshot

NOW = 1_800_000_000_000
GIB = 1024**3
EVER = after(NOW, 10 * 365 * 86_400)
_CANCELLED = Stop(StopCause.CANCELLED, False, NOW, Cancelled("somebody", ""))


def world(text: str, settings: Settings | None = None) -> Snapshot:
    """The snapshot that the lines describe, at `NOW`."""
    snapshot = Snapshot(now=NOW, settings=settings or Settings())
    for line in filter(None, (line.strip() for line in text.replace("\n", ";").split(";"))):
        verb, *words = line.split()
        snapshot = _VERBS[verb](snapshot, _plain(words), _named(words))
    return snapshot


def _plain(words: list[str]) -> list[str]:
    return [word for word in words if "=" not in word]


def _named(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def _node(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    node_id, counts, *flags = words
    park, name = node_id.split("/")
    node = Node(
        id=node_id,
        park=park,
        name=name,
        boot_id="boot-1",
        session=Silent(NOW) if "silent" in flags else Heard(NOW),
        gpus=tuple(_gpus(node_id, counts, named)),
        cpus=int(named.get("cpus", 64)),
        memory_bytes=int(named.get("memory", 512)) * GIB,
        labels=tuple((name, named[name]) for name in ("rack", "switch") if name in named),
        drain=Drain(NOW, "operator", "") if "drained" in flags else None,
    )
    return replace(
        snapshot,
        nodes={**snapshot.nodes, node_id: node},
        parks={**snapshot.parks, park: Park(park)},
        heard={**snapshot.heard, node_id: NOW},
    )


def _gpus(node_id: str, counts: str, named: dict[str, str]) -> Iterator[Gpu]:
    groups = [int(one) for one in named.get("links", "1000").split(",")]
    group_of = [group for group, size in enumerate(groups) for _ in range(size)]
    index, failed = 0, int(named.get("failed", 0))
    for part in counts.split(","):
        count, _, gpu_class = part.partition("x")
        for _ in range(int(count)):
            verdict = Verdict.FAILED if index < failed else Verdict.HEALTHY
            name = gpu_class or "a100"
            yield Gpu(
                f"{node_id}:{index}", name, 80 * GIB, name, group_of[min(index, len(group_of) - 1)], verdict
            )
            index += 1


def _quota(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    quota_id, amount, *rest = words
    parent = rest[1] if rest[:1] == ["under"] else None
    firm = None if named.get("firm") == "branch" else named.get("firm", quota_id)
    known = snapshot.quota.nodes.get(quota_id)
    node = QuotaNode(
        id=quota_id,
        parent=parent,
        firm=firm,
        project=named.get("project"),
        from_at=after(NOW, int(named.get("from", -3600))),
        until_at=after(NOW, int(named["until"])) if "until" in named else EVER,
        gpus={**(known.gpus if known else {}), named.get("class", "a100"): _class_quota(amount)},
        weight=int(named.get("weight", 1)),
        max_job_gpus=int(named["max-job"]) if "max-job" in named else None,
        max_job_hours=int(named["max-hours"]) if "max-hours" in named else None,
        max_queued=int(named["max-queued"]) if "max-queued" in named else None,
    )
    projects = (node.project,) if node.project else ()
    firms = {**snapshot.firms, **({firm: Firm(firm, projects=projects)} if firm else {})}
    return replace(snapshot, quota=QuotaTree({**snapshot.quota.nodes, quota_id: node}), firms=firms)


def _class_quota(amount: str) -> ClassQuota:
    rest, _, lend = amount.partition("-")
    guaranteed, _, borrow = rest.partition("+")
    borrow_limit = UNLIMITED if borrow == "any" else Gpus(int(borrow or 0))
    return ClassQuota(Gpus(int(guaranteed)), borrow_limit, Gpus(int(lend or guaranteed)))


def spec_of(words: list[str], named: dict[str, str]) -> JobSpec:
    """The job spec of `FIRM GPUS[xREPLICAS]` and its options."""
    firm, size = words
    gpus, _, replicas = size.partition("x")
    parks = ParkRules(_split(named, "park"), _split(named, "not-park"), _split(named, "prefer"))
    return JobSpec(
        name="train",
        firm=firm,
        project=named.get("project"),
        command=("true",),
        replicas=int(replicas or 1),
        rank=RankNeeds(
            int(gpus),
            cpus=int(named["cpus"]) if "cpus" in named else None,
            memory_bytes=int(named["memory"]) * GIB if "memory" in named else None,
            gpu_milli=int(named.get("milli", WHOLE_GPU)),
        ),
        gpu_classes=_split(named, "class"),
        parks=parks,
        time_limit_seconds=int(named.get("hours", 24)) * 3600,
        estimate_seconds=int(named["estimate"]) if "estimate" in named else None,
        qos=Qos(named.get("qos", "standard")),
    )


def _stopping(spec: JobSpec, saves: bool, named: dict[str, str]) -> JobSpec:
    """It saves itself when asked; `stops=S`: all in all that may take so long."""
    if "stops" not in named:
        return replace(spec, checkpoint_on_signal=saves)
    stops = int(named["stops"])
    if not saves:
        return replace(spec, stop_grace_seconds=stops)
    grace = stops - spec.stop_grace_seconds
    return replace(spec, checkpoint_on_signal=True, checkpoint_grace_seconds=grace)


def _split(named: dict[str, str], key: str) -> tuple[str, ...]:
    return tuple(named[key].split(",")) if key in named else ()


def _job(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    job_id, *rest = words
    saves, rest = "saves" in rest, [word for word in rest if word != "saves"]
    submitted_at = after(NOW, len(snapshot.jobs) - 1000 - int(named.get("age", 0)))
    spec = _stopping(spec_of(rest, named), saves, named)
    avoid = _split(named, "avoid")
    job = Job(job_id, spec, submitted_at, "somebody", Queued(submitted_at), avoid_nodes=avoid)
    if "preempted" in named:
        at = after(NOW, -int(named["preempted"]))
        job = replace(job, phase=Queued(at), preempted_at=at, made_room_for=next(iter(snapshot.jobs)))
    return replace(snapshot, jobs={**snapshot.jobs, job_id: job})


def _run(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    job_id, firm, node_id, count, *flags = words
    started_at = after(NOW, -int(named.get("for", 0)))
    node = snapshot.nodes[node_id]
    milli, gpu_class = int(named.get("milli", WHOLE_GPU)), named.get("class", "a100")
    mine = (gpu.uuid for gpu in node.gpus if gpu.default_class == gpu_class)
    left = ((uuid, _left(snapshot, uuid, firm)) for uuid in mine)
    gpus = tuple(uuid for uuid, of in left if of >= milli)[: int(count)]
    assert len(gpus) == int(count), f"{node_id} has no {count} GPUs left"
    leaf = snapshot.quota.leaf(firm, None, NOW)
    assert leaf is not None
    attempt = Attempt(
        id=f"{job_id}.1",
        job_id=job_id,
        firm=firm,
        project=None,
        quota_id=leaf.id,
        number=1,
        fencing=Fencing(1, snapshot.fencing_counter + 1),
        park=node.park,
        gpu_class=gpu_class,
        places=(Place(0, node_id, gpus),),
        seen=(RankStarted("127.0.0.1", 4000, started_at),),
        created_at=started_at,
        phase=Running(started_at, Lease(after(NOW, 86_400), NOW)),
        lease_seconds=86_400,
        time_limit_seconds=int(named.get("hours", 24)) * 3600,
        started_at=started_at,
        intent=_CANCELLED if "stopping" in flags else Run(),
        version=1,
    )
    spec = _stopping(spec_of([firm, count], named), "saves" in flags, named)
    job = Job(job_id, spec, started_at, "somebody", Active(attempt.id), attempts=1, version=1)
    return replace(
        snapshot,
        jobs={**snapshot.jobs, job_id: job},
        attempts={**snapshot.attempts, attempt.id: attempt},
        fencing_counter=snapshot.fencing_counter + 1,
    )


def _left(snapshot: Snapshot, uuid: str, firm: str) -> int:
    """How many thousandths of a GPU a firm may still have."""
    holders = [
        snapshot.jobs[attempt.job_id].spec
        for attempt in snapshot.attempts.values()
        if any(uuid in place.gpus for place in attempt.places)
    ]
    if any(spec.firm != firm for spec in holders):
        return 0
    return WHOLE_GPU - sum(spec.rank.gpu_milli for spec in holders)


def _closed(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    name, park, *window = words
    return _ahead(snapshot, Maintenance(name, park, _split(named, "nodes"), *_window(window)))


def _booked(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    name, park, firm, gpus, *window = words
    gpu_class = named.get("class", "a100")
    return _ahead(snapshot, AdvanceReservation(name, park, firm, gpu_class, int(gpus), *_window(window)))


def _own(snapshot: Snapshot, words: list[str], named: dict[str, str]) -> Snapshot:
    name, park, gpus, *window = words
    lent = "lent" in window
    notice = int(named.get("notice", 900))
    reserve = LocalReserve(name, park, named.get("class", "a100"), int(gpus), *_window(window), lent, notice)
    return _ahead(snapshot, reserve)


def _window(words: list[str]) -> tuple[int, int]:
    return after(NOW, int(words[0])), after(NOW, int(words[1]))


def _ahead(snapshot: Snapshot, obstacle: Obstacle) -> Snapshot:
    return replace(snapshot, obstacles={**snapshot.obstacles, obstacle.id: obstacle})


_VERBS: dict[str, Callable[[Snapshot, list[str], dict[str, str]], Snapshot]] = {
    "node": _node,
    "quota": _quota,
    "job": _job,
    "run": _run,
    "closed": _closed,
    "booked": _booked,
    "own": _own,
}


def lines(snapshot: Snapshot, planner: Planner | None = None) -> list[str]:
    """A plan as lines, in order; then `wait JOB REASON` for each job that stays.

    start JOB NODE INDEXES[ NODE INDEXES], stop JOB[ for JOB], keep JOB NODE GPUS[ NODE GPUS] [in S], give-up JOB
    """
    planner = planner or Planner()
    changes = planner.plan(snapshot).changes
    started = {one.attempt.job_id for one in changes if isinstance(one, Start)}
    waiting = (
        f"wait {job.id} {waits_of(job, planner, snapshot)[0].reason}"
        for job in snapshot.jobs.values()
        if isinstance(job.phase, Queued) and job.id not in started
    )
    return [*(line for one in changes if (line := _line(snapshot, one))), *waiting]


def _line(snapshot: Snapshot, change: Change) -> str:
    match change:
        case Start(attempt):
            return _start_line(attempt)
        case Intend(attempt_id, Stop(for_job=for_job)):
            return f"stop {attempt_id.partition('.')[0]}" + (f" for {for_job}" if for_job else "")
        case Reserve(kept):
            gpus = " ".join(f"{node_id} {count}" for node_id, count in kept.gpus)
            seconds = (kept.from_at - snapshot.now) // 1000
            return f"keep {kept.job_id} {gpus}" + (f" in {seconds}" if seconds else "")
        case Unreserve(job_id):
            return f"give-up {job_id}"
        case _:
            return ""


def _start_line(attempt: Attempt) -> str:
    places = (f"{place.node_id} {_indexes(place)}" for place in attempt.places)
    return f"start {attempt.job_id} {' '.join(places)}".rstrip()


def _indexes(place: Place) -> str:
    return ",".join(uuid.rpartition(":")[2] for uuid in place.gpus)


def sentence(snapshot: Snapshot, job_id: str) -> str:
    """Why a job waits, in words."""
    planner = Planner()
    planner.plan(snapshot)
    return waits_of(snapshot.jobs[job_id], planner, snapshot)[0].sentence
