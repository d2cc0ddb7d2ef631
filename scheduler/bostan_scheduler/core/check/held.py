"""What must hold of GPUs, jobs, attempts and reservations after every step."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from bostan_scheduler.core.attempt import (
    Attempt,
    Offered,
    RankAccepted,
    RankOffered,
    Running,
    Starting,
    Stop,
    Withdrawn,
)
from bostan_scheduler.core.draft import attempts_of
from bostan_scheduler.core.job import WHOLE_GPU, Active, Finished
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved


def check(snapshot: Snapshot) -> None:
    """Assert what must hold after every step."""
    _no_gpu_twice(snapshot)
    _jobs_and_attempts_agree(snapshot)
    for attempt in snapshot.attempts.values():
        _gangs_are_whole(attempt)
    for job_id, reserved in snapshot.reserved.items():
        assert reserved.job_id == job_id, f"what is kept for {reserved.job_id} stands under {job_id}"
        _kept_for_who_waits(snapshot, reserved)


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


def _kept_for_who_waits(snapshot: Snapshot, reserved: Reserved) -> None:
    """A job that finishes is noticed by the next plan; one that runs on has nothing kept for it."""
    job = snapshot.jobs.get(reserved.job_id)
    if job is not None and isinstance(job.phase, Active):
        intent = snapshot.attempts[job.phase.attempt_id].intent
        assert isinstance(intent, Stop), f"GPUs are kept for {job.id}, which runs"
    unknown = [node_id for node_id, _ in reserved.gpus if node_id not in snapshot.nodes]
    assert not unknown, f"GPUs are kept for {reserved.job_id} on nodes that there are not: {unknown}"
    assert reserved.since <= reserved.from_at <= reserved.lapses_at < reserved.until_at, f"{reserved}"
