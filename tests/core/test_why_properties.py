"""Whatever the state of a cluster: each help that is told is true when the job is changed so and planned anew."""

from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Intend, Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, JobSpec, Qos, Shape
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.why.help import Help, HelpKind, Raise
from bostan_scheduler.core.why.viewer import Viewer, seen_by
from bostan_scheduler.core.why.why import explain
from crowded import cluster, settled, waiting
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table

STATES = 400


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_help_is_true(seed: int) -> None:
    snapshot = settled(cluster(seed))
    planner = Planner()
    planner.plan(snapshot)
    for job in waiting(snapshot):
        for one in explain(planner.at(snapshot), job).helps:
            assert _comes_true(_alone(snapshot, job), job, one), one.sentence


@settings(max_examples=STATES // 4, deadline=None)
@given(st.integers(0, 2**32))
def test_a_softer_claim_never_helps(seed: int) -> None:
    """Neither to start nor to have room made: so there is no such help."""
    snapshot = settled(cluster(seed))
    for job in waiting(snapshot):
        alone = _alone(snapshot, job)
        served = _is_served(alone, job, job.spec.qos)
        softer = [qos for qos in Qos if qos.rank > job.spec.qos.rank]
        assert served or not any(_is_served(alone, job, qos) for qos in softer), job.id


def _is_served(snapshot: Snapshot, job: Job, qos: Qos) -> bool:
    """It starts with this claim, or others are asked to make room for it."""
    changed = replace(job, spec=replace(job.spec, qos=qos))
    changes = Planner().plan(replace(snapshot, jobs={**snapshot.jobs, job.id: changed})).changes
    stops = [one.intent for one in changes if isinstance(one, Intend)]
    starts = any(isinstance(one, Start) and one.attempt.job_id == job.id for one in changes)
    return starts or any(isinstance(one, Stop) and one.for_job == job.id for one in stops)


def _alone(snapshot: Snapshot, job: Job) -> Snapshot:
    """The job first in turn: of the others that wait, only those for which something is kept are there."""
    others = {one.id for one in waiting(snapshot)} - {job.id} - set(snapshot.reserved)
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
        snapshot = settled(cluster(seed))
        desk = Planner().at(snapshot)
        kinds |= {one.kind for job in waiting(snapshot) for one in explain(desk, job).helps}
    assert kinds == set(HelpKind)


@settings(max_examples=STATES // 4, deadline=None)
@given(st.integers(0, 2**32))
def test_no_firm_reads_of_another(seed: int) -> None:
    snapshot = settled(cluster(seed))
    desk = Planner().at(snapshot)
    for job in waiting(snapshot):
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
        for job in waiting(asked.snapshot):
            explain(desk, job)
        assert asked.play() == table.play()
