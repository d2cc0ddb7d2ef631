"""Whatever the state of a cluster: each help that is told is true when the job is changed so and planned anew."""

import random
from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Intend, Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, JobSpec, Queued, Shape
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.why.help import Help, HelpKind, Raise
from bostan_scheduler.core.why.viewer import Viewer, seen_by
from bostan_scheduler.core.why.why import explain
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import world

STATES = 400
PLANS_MAX = 20
QOS = ("standard", "standard", "reserved", "scavenger")


def cluster(seed: int) -> Snapshot:
    """Two parks and two classes, nearly full, with windows, tight quotas, and jobs that ask for too much."""
    chance = random.Random(seed)
    words = [
        f"node {park}/{number} 4,2xt4 cpus=16" for park in "pq" for number in range(chance.randint(1, 2))
    ]
    nodes = [word.split()[1] for word in words]
    total = 4 * len(nodes)
    words += [f"quota root {total} firm=branch", f"quota root {total // 2} firm=branch class=t4"]
    for firm in "xyz":
        own, rules = chance.randint(0, total // 3), chance.choice(("", " max-job=3", " max-hours=8"))
        words.append(f"quota {firm} {own}+{chance.choice(('any', '2', '0'))} under root{rules}")
        words.append(f"quota {firm} 1+{chance.choice(('any', '1'))} under root class=t4{rules}")
    for number, node in enumerate(nodes):
        for part in range(chance.randint(0, 2)):
            wishes = f"for={chance.randint(0, 9000)} qos={chance.choice(QOS)} cpus={chance.randint(1, 6)}"
            words.append(f"run r{number}{part} {chance.choice('xyz')} {node} 2 {wishes}")
    words += list(_ahead(chance))
    words += [f"job w{number} {_asked(chance)}" for number in range(chance.randint(1, 6))]
    return world("; ".join(words), Settings())


def _ahead(chance: random.Random) -> Iterator[str]:
    if chance.random() < 0.4:
        yield f"closed c p {chance.randint(600, 9000)} 20000"
    if chance.random() < 0.4:
        yield f"booked b q y {chance.randint(1, 4)} {chance.randint(600, 9000)} 30000"
    if chance.random() < 0.4:
        yield f"own o q {chance.randint(1, 4)} {chance.randint(-600, 9000)} 30000 lent notice={chance.choice((60, 900))}"


def _asked(chance: random.Random) -> str:
    size = chance.choice(("1", "2", "3", "4", "2x2", "4x2", "1x5", "8"))
    where = chance.choice(("", " park=p", " not-park=p", " prefer=q"))
    of = chance.choice(("", " class=a100", " class=t4", " class=a100,t4"))
    beside = chance.choice(("", f" cpus={chance.randint(1, 20)}", f" memory={chance.randint(1, 600)}"))
    saves = " saves" if chance.random() < 0.3 else ""
    age = chance.randint(0, 9000)
    return f"{chance.choice('xyz')} {size} hours={chance.randint(1, 48)} age={age} qos={chance.choice(QOS)}{where}{of}{beside}{saves}"


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_help_is_true(seed: int) -> None:
    snapshot = _settled(cluster(seed))
    planner = Planner()
    planner.plan(snapshot)
    for job in _waiting(snapshot):
        for one in explain(planner.at(snapshot), job).helps:
            assert _comes_true(_alone(snapshot, job), job, one), one.sentence


def _settled(snapshot: Snapshot) -> Snapshot:
    """Everything that can start runs; who makes room has gone, unless that goes on for long."""
    table = Table(snapshot)
    for _ in range(PLANS_MAX):
        if not any(isinstance(one, Start | Intend) for one in table.play()):
            break
    return table.snapshot


def _waiting(snapshot: Snapshot) -> list[Job]:
    return [job for job in snapshot.jobs.values() if isinstance(job.phase, Queued)]


def _alone(snapshot: Snapshot, job: Job) -> Snapshot:
    """The job first in turn: of the others that wait, only those for which something is kept are there."""
    others = {one.id for one in _waiting(snapshot)} - {job.id} - set(snapshot.reserved)
    jobs = {key: value for key, value in snapshot.jobs.items() if key not in others}
    reserved = {key: value for key, value in snapshot.reserved.items() if key != job.id}
    due = after(snapshot.now, -snapshot.settings.preemption.spacing_seconds)
    return replace(snapshot, jobs=jobs, reserved=reserved, round_at=due)


def _comes_true(snapshot: Snapshot, job: Job, one: Help) -> bool:
    if one.raises is not None:
        snapshot = replace(snapshot, quota=_raised(snapshot.quota, one.raises))
    if one.shape is not None:
        changed = replace(job, spec=_spec(job.spec, one.shape))
        snapshot = replace(snapshot, jobs={**snapshot.jobs, job.id: changed})
    changes = Planner().plan(snapshot).changes
    if one.kind is HelpKind.QOS:
        stops = (change.intent for change in changes if isinstance(change, Intend))
        return any(isinstance(stop, Stop) and stop.for_job == job.id for stop in stops)
    return any(isinstance(change, Start) and change.attempt.job_id == job.id for change in changes)


def _spec(spec: JobSpec, shape: Shape) -> JobSpec:
    return replace(
        spec,
        replicas=shape.replicas,
        rank=shape.rank,
        gpu_classes=shape.gpu_classes,
        parks=shape.parks,
        time_limit_seconds=shape.time_limit_seconds,
        checkpoint_on_signal=shape.checkpoints,
        qos=shape.qos,
    )


def _raised(tree: QuotaTree, raises: Raise) -> QuotaTree:
    node = tree.nodes[raises.quota]
    quota = node.of_class(raises.gpu_class)
    more = Gpus(raises.more.count)
    if node.parent is None:
        quota = replace(quota, guaranteed=quota.guaranteed + more)
    else:
        quota = replace(quota, borrow_limit=quota.borrow_limit + more)
    changed = replace(node, gpus={**node.gpus, raises.gpu_class: quota})
    return QuotaTree({**tree.nodes, node.id: changed})


def test_helps_of_every_kind_are_found() -> None:
    """Else the property above would say little."""
    kinds = set()
    for seed in range(400):
        snapshot = _settled(cluster(seed))
        desk = Planner().at(snapshot)
        kinds |= {one.kind for job in _waiting(snapshot) for one in explain(desk, job).helps}
    assert kinds == set(HelpKind)


@settings(max_examples=STATES // 4, deadline=None)
@given(st.integers(0, 2**32))
def test_no_firm_reads_of_another(seed: int) -> None:
    snapshot = _settled(cluster(seed))
    desk = Planner().at(snapshot)
    for job in _waiting(snapshot):
        firm = job.spec.firm
        why = seen_by(explain(desk, job), Viewer(firm=firm))
        assert {name for row in why.parks for name, _ in row.held_by} <= {firm, ""}
        assert {row.quota for row in why.quotas} <= {firm}
        told = [value for one in (*why.waits, *why.helps) for _, value in one.numbers]
        assert set("xyz").isdisjoint(set(told) - {firm})
        assert set(snapshot.jobs).isdisjoint(told)


@settings(max_examples=STATES // 4, deadline=None)
@given(st.integers(0, 2**32))
def test_to_explain_changes_no_plan(seed: int) -> None:
    """A planner that has explained every job goes on as one that has not."""
    asked, table = Table(cluster(seed)), Table(cluster(seed))
    for _ in range(4):
        desk = asked.planner.at(asked.snapshot)
        for job in _waiting(asked.snapshot):
            explain(desk, job)
        assert asked.play() == table.play()
