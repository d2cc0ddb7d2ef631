"""Changes as history keeps them: what was, what is now, and why."""

from typing import assert_never

from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import (
    Add,
    AddObstacle,
    AddPark,
    Change,
    Credit,
    Finish,
    Foresee,
    Hear,
    HoldRound,
    Intend,
    Judge,
    KeepCheckpoints,
    KeepOutput,
    Know,
    LoseOutput,
    Move,
    Pin,
    RemoveObstacle,
    Renew,
    Requeue,
    Reserve,
    See,
    SetDrain,
    SetQuotas,
    Start,
    Unreserve,
    Use,
)
from bostan_scheduler.core.draft import attempt_id
from bostan_scheduler.core.observe.ending import why_of
from bostan_scheduler.core.obstacle import AdvanceReservation, Maintenance, Obstacle
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.service.ports import NewEvent


def event_of(before: Snapshot, change: Change) -> NewEvent | None:
    """The event of a change that is about to be carried out on `before`; None for what is kept elsewhere or repeats."""
    match change:
        case Add() | Requeue() | Finish() | KeepCheckpoints():
            return _of_job(before, change)
        case KeepOutput() | LoseOutput():
            return _of_output(before, change)
        case Start() | Move() | See() | Intend():
            return _of_attempt(before, change)
        case Know() | Hear() | Judge() | SetDrain():
            return _of_node(before, change)
        case SetQuotas(by=by):
            return NewEvent(before.now, "quotas-applied", why=f"applied by {by}")
        case AddObstacle() | RemoveObstacle():
            return _of_window(before, change)
        case AddPark(park, by):
            return NewEvent(before.now, "park-added", now=park.id, why=f"added by {by}")
        case Renew() | Use() | Credit() | Reserve() | Unreserve() | HoldRound() | Foresee() | Pin():
            return None
        case _:
            assert_never(change)


def _of_job(before: Snapshot, change: Add | Requeue | Finish | KeepCheckpoints) -> NewEvent:
    now = before.now
    match change:
        case Add(job):
            by = f"submitted by {job.submitted_by}"
            return NewEvent(now, "job-queued", job.spec.firm, job.id, now="Queued", why=by)
        case Requeue(job_id, why=why):
            firm = before.jobs[job_id].spec.firm
            return NewEvent(now, "job-requeued", firm, job_id, was="Active", now="Queued", why=why)
        case Finish(job_id, outcome):
            job = before.jobs[job_id]
            was, is_now = type(job.phase).__name__, type(outcome).__name__
            return NewEvent(
                now, "job-finished", job.spec.firm, job_id, was=was, now=is_now, why=why_of(outcome)
            )
        case KeepCheckpoints(job_id, why=why):
            return NewEvent(now, "checkpoint", before.jobs[job_id].spec.firm, job_id, why=why)
        case _:
            assert_never(change)


def _of_output(before: Snapshot, change: KeepOutput | LoseOutput) -> NewEvent:
    match change:
        case KeepOutput(job_id, firm, output, left_out):
            rest = f", without {left_out}" if left_out else ""
            why = f"rank {output.rank}: {output.blob.size_bytes} bytes{rest}"
            return NewEvent(
                before.now, "output", firm, job_id, attempt_id(job_id, output.attempt_number), why=why
            )
        case LoseOutput(job_id, firm, of, rank, why):
            return NewEvent(before.now, "output-lost", firm, job_id, of, why=f"rank {rank}: {why}")
        case _:
            assert_never(change)


def _of_attempt(before: Snapshot, change: Start | Move | See | Intend) -> NewEvent:
    now = before.now
    match change:
        case Start(attempt):
            why = f"offered to {', '.join(attempt.node_ids)}"
            ids = (attempt.firm, attempt.job_id, attempt.id)
            return NewEvent(now, "attempt-offered", *ids, was="Queued", now="Offered", why=why)
        case Move(attempt_id, phase, why):
            attempt = before.attempts[attempt_id]
            ids = (attempt.firm, attempt.job_id, attempt_id)
            was, is_now = type(attempt.phase).__name__, type(phase).__name__
            return NewEvent(now, "attempt-moved", *ids, was=was, now=is_now, why=why)
        case See(attempt_id, rank, seen):
            attempt = before.attempts[attempt_id]
            ids = (attempt.firm, attempt.job_id, attempt_id)
            node_id = attempt.places[rank].node_id
            was, is_now = type(attempt.seen[rank]).__name__, type(seen).__name__
            return NewEvent(now, "rank-seen", *ids, node_id, was=was, now=is_now, why=f"rank {rank}")
        case Intend(attempt_id, intent):
            attempt = before.attempts[attempt_id]
            why = why_of(intent.outcome) if isinstance(intent, Stop) else ""
            ids = (attempt.firm, attempt.job_id, attempt_id)
            was, is_now = type(attempt.intent).__name__, type(intent).__name__
            return NewEvent(now, "attempt-intended", *ids, was=was, now=is_now, why=why)
        case _:
            assert_never(change)


def _of_window(before: Snapshot, change: AddObstacle | RemoveObstacle) -> NewEvent:
    match change:
        case AddObstacle(window):
            why = f"announced by {window.announced_by}"
            return NewEvent(
                before.now,
                "window-announced",
                _firm(window),
                now=_told(window),
                why=_with_reason(why, window),
            )
        case RemoveObstacle(window_id, by):
            was = before.obstacles[window_id]
            why = f"called off by {by}" if by else "it is over"
            return NewEvent(before.now, "window-removed", _firm(was), was=_told(was), why=why)
        case _:
            assert_never(change)


def _told(window: Obstacle) -> str:
    """Which window it is."""
    return (
        f"{type(window).__name__} {window.id} of {window.park} from {window.from_at} until {window.until_at}"
    )


def _firm(window: Obstacle) -> str | None:
    return window.firm if isinstance(window, AdvanceReservation) else None


def _with_reason(why: str, window: Obstacle) -> str:
    return f"{why}: {window.reason}" if isinstance(window, Maintenance) and window.reason else why


def _of_node(before: Snapshot, change: Know | Hear | Judge | SetDrain) -> NewEvent:
    now = before.now
    match change:
        case Know(node):
            was = "known" if node.id in before.nodes else "new"
            return NewEvent(
                now, "node-connected", node_id=node.id, was=was, now="Heard", why=f"boot {node.boot_id}"
            )
        case Hear(node_id, session):
            was = type(before.nodes[node_id].session).__name__
            return NewEvent(now, "node-heard", node_id=node_id, was=was, now=type(session).__name__)
        case Judge(node_id, gpus):
            verdicts = ", ".join(
                f"{gpu.uuid} {gpu.verdict}" for gpu in gpus if gpu not in before.nodes[node_id].gpus
            )
            return NewEvent(now, "health", node_id=node_id, why=verdicts)
        case SetDrain(node_id, drain, by):
            is_now = "drained" if drain is not None else "open"
            why = f"by {by}: {drain.reason}" if drain is not None and drain.reason else f"by {by}"
            return NewEvent(now, "node-drain", node_id=node_id, now=is_now, why=why)
        case _:
            assert_never(change)
