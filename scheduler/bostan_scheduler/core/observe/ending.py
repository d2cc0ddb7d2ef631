"""How attempts end, and what becomes of their jobs."""

from dataclasses import replace
from typing import assert_never

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Lease,
    Offered,
    RankExited,
    Stop,
    Withdrawn,
    is_free,
)
from bostan_scheduler.core.changes import Change, Finish, Move, Requeue
from bostan_scheduler.core.job import Job, Tries
from bostan_scheduler.core.observe.progress import credit_end
from bostan_scheduler.core.outcome import (
    Cancelled,
    Failed,
    NodeLost,
    Outcome,
    Preempted,
    Requeued,
    StartFailed,
    Succeeded,
    TimedOut,
)
from bostan_scheduler.core.snapshot import Snapshot


def withdraw(snapshot: Snapshot, attempt: Attempt, outcome: Outcome) -> tuple[Change, ...]:
    """Give an offer up. Its GPUs are free once every rank is released, or a margin after the lapse."""
    assert isinstance(attempt.phase, Offered), f"{attempt.id} is not offered any more"
    phase = Withdrawn(snapshot.now, attempt.phase.lapses_at, outcome)
    return move(snapshot, attempt, phase, why_of(outcome))


def start_ending(snapshot: Snapshot, attempt: Attempt, lease: Lease, outcome: Outcome) -> tuple[Change, ...]:
    """The outcome is known; what still runs is stopped, and GPUs are awaited."""
    return move(snapshot, attempt, Ending(snapshot.now, lease, outcome), why_of(outcome))


def move(snapshot: Snapshot, attempt: Attempt, phase: Withdrawn | Ending, why: str) -> tuple[Change, ...]:
    """Into a phase that waits for the ranks to be free, and at once out of it when they are."""
    moved = replace(attempt, phase=phase)
    return (Move(attempt.id, phase, why), *end_if_free(snapshot, moved))


def end_if_free(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """End an attempt whose outcome is known and whose ranks hold nothing any more.

    When in the end every rank has succeeded, that is what happened, whatever was meant to become of it.
    """
    match attempt.phase:
        case Withdrawn() | Ending() if all(is_free(seen) for seen in attempt.seen):
            succeeded = outcome_of_exits(attempt) == Succeeded()
            return end(snapshot, attempt, Succeeded() if succeeded else attempt.phase.outcome)
        case _:
            return ()


def end(snapshot: Snapshot, attempt: Attempt, outcome: Outcome) -> tuple[Change, ...]:
    """End an attempt for good, and finish its job or queue it again."""
    job = snapshot.jobs[attempt.job_id]
    ended = Move(attempt.id, Ended(outcome, snapshot.now), why_of(outcome))
    return (ended, *credit_end(snapshot, job, attempt, outcome), _settle(snapshot, job, outcome))


def _settle(snapshot: Snapshot, job: Job, outcome: Outcome) -> Change:
    """A job goes on as long as the cause that ended its attempt has retries left."""
    match outcome:
        case Succeeded() | Cancelled() | TimedOut():
            return Finish(job.id, outcome, snapshot.now)
        case Requeued(avoid_nodes=avoid):
            return _again(snapshot, job, job.tries, avoid, outcome)
        case Preempted(for_job=for_job) if for_job is None or for_job == job.id:
            return _again(snapshot, job, job.tries, (), outcome)
        case Preempted(for_job=for_job):
            again = _again(snapshot, job, job.tries, (), outcome)
            return replace(again, preempted=True, made_room_for=for_job)
        case NodeLost(node_id=node_id):
            tries = replace(job.tries, node_lost=job.tries.node_lost + 1)
            return _retry(
                snapshot, job, tries, tries.node_lost > job.spec.retries.node_lost, (node_id,), outcome
            )
        case StartFailed(node_id=node_id):
            tries = replace(job.tries, start_failed=job.tries.start_failed + 1)
            spent = tries.start_failed > job.spec.retries.start_failed
            return _retry(snapshot, job, tries, spent, (node_id,), outcome)
        case Failed():
            tries = replace(job.tries, exit=job.tries.exit + 1)
            return _retry(snapshot, job, tries, tries.exit > job.spec.retries.exit, (), outcome)
        case _:
            assert_never(outcome)


def _retry(
    snapshot: Snapshot, job: Job, tries: Tries, spent: bool, avoid: tuple[str, ...], outcome: Outcome
) -> Change:
    if spent:
        return Finish(job.id, outcome, snapshot.now)
    return _again(snapshot, job, tries, avoid, outcome)


def _again(snapshot: Snapshot, job: Job, tries: Tries, avoid: tuple[str, ...], outcome: Outcome) -> Requeue:
    nodes = tuple(dict.fromkeys((*job.avoid_nodes, *avoid)))[-snapshot.settings.avoid_nodes_max :]
    return Requeue(job.id, snapshot.now, tries, nodes, why_of(outcome))


def outcome_of_exits(attempt: Attempt) -> Outcome | None:
    """What the exits seen so far make of an attempt: a success once all ranks succeeded, a failure at the first.

    A success stands even when a stop was asked for meanwhile: it is what happened.
    """
    assert attempt.seen, f"{attempt.id} has no rank"
    exits = [(rank, seen) for rank, seen in enumerate(attempt.seen) if isinstance(seen, RankExited)]
    if len(exits) == len(attempt.seen) and all(_succeeded(seen) for _, seen in exits):
        return Succeeded()
    failed = sorted(((seen.ended_at, rank) for rank, seen in exits if not _succeeded(seen)))
    if isinstance(attempt.intent, Stop) and exits:
        return attempt.intent.outcome
    return _failure(attempt, failed[0][1]) if failed else None


def _succeeded(seen: RankExited) -> bool:
    return seen.cause == "exited" and seen.exit_code == 0 and seen.signal == 0


def _failure(attempt: Attempt, rank: int) -> Outcome:
    seen, node_id = attempt.seen[rank], attempt.places[rank].node_id
    assert isinstance(seen, RankExited)
    match seen.cause:
        case "start-failed":
            return StartFailed(node_id, seen.detail or "the command could not be started")
        case "node-rebooted":
            return NodeLost(node_id, "rebooted")
        case "shim-lost" | "lease-ended":
            return NodeLost(node_id, seen.cause)
        case _:
            return Failed(rank, seen.exit_code, seen.signal)


def why_of(outcome: Outcome) -> str:
    """An outcome in words, for the history."""
    match outcome:
        case Succeeded():
            return "succeeded"
        case Failed(rank, exit_code, signal):
            return (
                f"rank {rank} ended by signal {signal}" if signal else f"rank {rank} exited with {exit_code}"
            )
        case Cancelled(by, reason):
            return _because(f"cancelled by {by}", reason)
        case TimedOut(limit_seconds):
            return f"reached its time limit of {limit_seconds} s"
        case Requeued(by, reason):
            return _because(f"requeued by {by}", reason)
        case Preempted(reason):
            return f"made room: {reason}"
        case NodeLost(node_id, how):
            return f"{node_id} was lost: {how}"
        case StartFailed(node_id, reason):
            return f"{node_id} could not start it: {reason}"
        case _:
            assert_never(outcome)


def _because(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what
