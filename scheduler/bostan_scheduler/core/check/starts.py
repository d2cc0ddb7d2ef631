"""What must hold of each start, and of the nodes that it is for."""

from collections import Counter
from collections.abc import Callable, Iterable

from bostan_scheduler.core.attempt import Attempt, Place
from bostan_scheduler.core.job import JobSpec, RankNeeds
from bostan_scheduler.core.snapshot import Snapshot


def check_start(snapshot: Snapshot, attempt: Attempt) -> None:
    """Assert that a gang starts whole, where its job may run, on what may be given out, against a leaf in force."""
    spec = snapshot.jobs[attempt.job_id].spec
    assert [len(one.gpus) for one in attempt.places] == [spec.rank.gpus] * spec.replicas, (
        f"{attempt.id} gets other GPUs than it asks"
    )
    assert spec.parks.admit(attempt.park), f"{attempt.id} may not run in {attempt.park}"
    if spec.gpu_classes and spec.rank.gpus:
        assert attempt.gpu_class in spec.gpu_classes, f"{attempt.id} may not run on {attempt.gpu_class}"
    for place in attempt.places:
        _may_be_given_out(snapshot, attempt, place)
    _leaf_allows(snapshot, attempt, spec)


def _may_be_given_out(snapshot: Snapshot, attempt: Attempt, place: Place) -> None:
    node = snapshot.nodes[place.node_id]
    assert node.open, f"{attempt.id} starts on {node.id}, which takes nothing new"
    usable = {gpu.uuid for gpu in node.gpus if gpu.usable and snapshot.gpu_class(gpu) == attempt.gpu_class}
    assert usable >= set(place.gpus), f"{attempt.id} starts on GPUs of {node.id} that may not be given out"
    assert len(set(place.gpus)) == len(place.gpus), f"a rank of {attempt.id} gets a GPU twice"


def _leaf_allows(snapshot: Snapshot, attempt: Attempt, spec: JobSpec) -> None:
    leaf = snapshot.quota.nodes[attempt.quota_id]
    assert leaf.firm == spec.firm, f"{attempt.id} counts against {leaf.id}, which is another firm's"
    for node in snapshot.quota.up(leaf):
        assert node.in_force(snapshot.now), f"{attempt.id} counts against {node.id}, which is not in force"
    assert leaf.max_job_gpus is None or spec.gpus <= leaf.max_job_gpus, f"{attempt.id} is too large"
    hours = leaf.max_job_hours
    assert hours is None or spec.time_limit_seconds <= hours * 3600, f"{attempt.id} is too long"


def fits_beside_others(after: Snapshot, started: Iterable[Attempt]) -> None:
    """Assert that CPUs and memory of nodes are given out once, wherever somebody who asks for some starts."""
    started = tuple(started)
    cpus = _given_out(after, started, lambda rank: rank.cpus or 0)
    for node_id, count in cpus.items():
        node = after.nodes[node_id]
        assert count <= node.cpus, f"{count} CPUs are given out on {node_id}, which has {node.cpus}"
    memory = _given_out(after, started, lambda rank: rank.memory_bytes or 0)
    for node_id, count in memory.items():
        assert count <= after.nodes[node_id].memory_bytes, f"{count} bytes are given out on {node_id}"


def _given_out(
    after: Snapshot, started: Iterable[Attempt], asked: Callable[[RankNeeds], int]
) -> Counter[str]:
    """How much of something is given out on each node on which somebody who asks for some starts."""
    touched = {node_id for one in started if asked(_needs(after, one)) for node_id in one.node_ids}
    given = Counter[str]()
    for attempt in after.attempts.values() if touched else ():
        for place in attempt.places if attempt.holds else ():
            if place.node_id in touched:
                given[place.node_id] += asked(_needs(after, attempt))
    return given


def _needs(snapshot: Snapshot, attempt: Attempt) -> RankNeeds:
    return snapshot.jobs[attempt.job_id].spec.rank
