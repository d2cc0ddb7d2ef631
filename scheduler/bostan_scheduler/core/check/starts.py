"""What must hold of each start, and of the nodes that it is for."""

from collections.abc import Iterable

from bostan_scheduler.core.attempt import Attempt, Place
from bostan_scheduler.core.job import JobSpec
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
    asking = (one for one in started if _asked(after, one) != (0, 0))
    touched = {node_id for one in asking for node_id in one.node_ids}
    taken = {node_id: [0, 0] for node_id in touched}
    for attempt in after.attempts.values() if touched else ():
        for place in attempt.places if attempt.holds else ():
            if place.node_id in touched:
                cpus, memory_bytes = _asked(after, attempt)
                taken[place.node_id][0] += cpus
                taken[place.node_id][1] += memory_bytes
    for node_id, (cpus, memory_bytes) in taken.items():
        node = after.nodes[node_id]
        assert cpus <= node.cpus, f"{cpus} CPUs are given out on {node_id}, which has {node.cpus}"
        assert memory_bytes <= node.memory_bytes, f"{memory_bytes} bytes are given out on {node_id}"


def _asked(snapshot: Snapshot, attempt: Attempt) -> tuple[int, int]:
    """The CPUs and bytes of memory that each rank of an attempt asks for."""
    rank = snapshot.jobs[attempt.job_id].spec.rank
    return rank.cpus or 0, rank.memory_bytes or 0
