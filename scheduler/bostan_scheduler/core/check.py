"""Every invariant of a snapshot, asserted from scratch: a second derivation that must agree with the first."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from bostan_scheduler.core.attempt import (
    Attempt,
    Offered,
    RankAccepted,
    RankOffered,
    Running,
    Starting,
    Withdrawn,
)
from bostan_scheduler.core.draft import attempts_of
from bostan_scheduler.core.job import WHOLE_GPU, Active, Finished
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of


def check(snapshot: Snapshot) -> None:
    """Assert what must hold after every step."""
    _no_gpu_twice(snapshot)
    _jobs_and_attempts_agree(snapshot)
    for attempt in snapshot.attempts.values():
        _gangs_are_whole(attempt)


def check_quota(snapshot: Snapshot) -> None:
    """Assert that no leaf holds more than its limit. Only true while quotas have not been lowered."""
    usage = usage_of(snapshot)
    for (quota_id, gpu_class), held in usage.items():
        node = snapshot.quota.nodes.get(quota_id)
        assert node is not None, f"GPUs are held against {quota_id}, which does not exist"
        assert held <= node.of_class(gpu_class).limit.count, f"{quota_id} holds {held} {gpu_class}"


def _no_gpu_twice(snapshot: Snapshot) -> None:
    """No more than all of a GPU is held, and parts of it by one firm only."""
    held, firms = Counter[str](), defaultdict[str, set[str]](set)
    for attempt in snapshot.attempts.values():
        for uuid, milli in _parts(snapshot, attempt):
            held[uuid] += milli
            firms[uuid].add(attempt.firm)
    twice = [gpu for gpu, milli in held.items() if milli > WHOLE_GPU]
    assert not twice, f"held twice: {twice}"
    mixed = [gpu for gpu, sharing in firms.items() if len(sharing) > 1]
    assert not mixed, f"shared by several firms: {mixed}"


def _parts(snapshot: Snapshot, attempt: Attempt) -> Iterator[tuple[str, int]]:
    """What an attempt holds of each GPU, in thousandths; all of it when its job is not known."""
    job = snapshot.jobs.get(attempt.job_id)
    milli = job.spec.rank.gpu_milli if job is not None else WHOLE_GPU
    for place in attempt.places if attempt.holds else ():
        for uuid in place.gpus:
            yield uuid, milli


def _jobs_and_attempts_agree(snapshot: Snapshot) -> None:
    for job in snapshot.jobs.values():
        assert not isinstance(job.phase, Finished), f"{job.id} has finished and is still in memory"
        holding = [one.id for one in attempts_of(snapshot, job) if one.holds]
        if isinstance(job.phase, Active):
            assert holding == [job.phase.attempt_id], (
                f"{job.id} is active by {job.phase.attempt_id}, held by {holding}"
            )
        else:
            assert not holding, f"{job.id} is queued, and {holding} hold GPUs"
    orphans = [one.id for one in snapshot.attempts.values() if one.job_id not in snapshot.jobs]
    assert not orphans, f"attempts of no unfinished job: {orphans}"


def _gangs_are_whole(attempt: Attempt) -> None:
    assert attempt.places, f"{attempt.id} has no rank"
    parks = {node_id.partition("/")[0] for node_id in attempt.node_ids}
    assert parks == {attempt.park}, f"{attempt.id} spans parks: {parks}"
    started = isinstance(attempt.phase, Starting | Running)
    unanswered = any(isinstance(seen, RankOffered) for seen in attempt.seen)
    assert not (started and unanswered), f"{attempt.id} was started before all its nodes had accepted"
    waiting = isinstance(attempt.phase, Offered | Withdrawn) or not any(
        isinstance(seen, RankAccepted) for seen in attempt.seen
    )
    assert waiting or not isinstance(attempt.phase, Running), f"{attempt.id} runs, and not all its ranks do"
