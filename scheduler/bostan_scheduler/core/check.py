"""Every invariant of a snapshot, asserted from scratch: a second derivation that must agree with the first."""

from collections import Counter

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
from bostan_scheduler.core.job import Active, Finished
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
    held = Counter(
        gpu
        for attempt in snapshot.attempts.values()
        if attempt.holds
        for place in attempt.places
        for gpu in place.gpus
    )
    twice = [gpu for gpu, times in held.items() if times > 1]
    assert not twice, f"held twice: {twice}"


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
