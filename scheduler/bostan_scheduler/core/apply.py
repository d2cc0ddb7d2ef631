"""Carries out changes on a snapshot: the only place that says what a change does."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from bostan_scheduler.core.attempt import (
    Attempt,
    Ending,
    Lease,
    RankExited,
    RankSeen,
    Running,
    Starting,
    Unknown,
)
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
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.draft import attempt_id as id_of_attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Active, Finished, Job, Queued
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.outputs import OutputsKept, OutputsLost, RankOutputs
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.windows import with_windows


def apply(snapshot: Snapshot, change: Change) -> Snapshot:
    """The snapshot after one change; the one given stays as it was."""
    return apply_all(snapshot, (change,))


def apply_all(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """The snapshot after some changes, in order."""
    draft = Draft.of(snapshot, snapshot.now)
    for change in changes:
        carry_out(draft, change)
    return draft.view


def carry_out(draft: Draft, change: Change) -> None:  # noqa: C901 - one line a case, and every case is here
    """Do to the draft what the change says."""
    match change:
        case Add(job):
            _add(draft, job)
        case Start(attempt):
            _start(draft, attempt)
        case Requeue():
            _requeue(draft, change)
        case Credit():
            _credit(draft, change)
        case Finish():
            _finish(draft, change)
        case Reserve(reserved):
            draft.view = replace(draft.view, reserved={**draft.view.reserved, reserved.job_id: reserved})
        case Unreserve(job_id):
            kept = {of: one for of, one in draft.view.reserved.items() if of != job_id}
            draft.view = replace(draft.view, reserved=kept)
        case HoldRound(at, held_lately, urgent, fair_clock):
            view = replace(draft.view, round_at=at, held_lately=held_lately)
            draft.view = replace(view, urgent=urgent, fair_clock=fair_clock)
        case KeepCheckpoints(job_id, held, pending):
            draft.put_job(replace(draft.jobs[job_id], checkpoints=held, pending_checkpoints=pending))
        case Move():
            _move(draft, change)
        case See():
            _see(draft, change)
        case Intend(attempt_id, intent):
            draft.put_attempt(replace(draft.attempts[attempt_id], intent=intent))
        case Renew():
            _renew(draft, change)
        case Use():
            _use(draft, change)
        case KeepOutput() | LoseOutput():  # the store keeps what arrived; no decision looks at it
            _settle_outputs(draft, change)
        case Know(node):
            draft.put_node(node)
            draft.heard[node.id] = draft.view.now
        case Hear(node_id, session):
            draft.put_node(replace(draft.nodes[node_id], session=session))
        case Judge(node_id, gpus):
            draft.put_node(replace(draft.nodes[node_id], gpus=gpus))
        case SetDrain(node_id, drain):
            draft.put_node(replace(draft.nodes[node_id], drain=drain))
        case AddPark(park):
            draft.view = replace(draft.view, parks={**draft.view.parks, park.id: park})
        case SetQuotas() | AddObstacle() | RemoveObstacle() | Foresee() | Pin():
            draft.view = with_windows(draft.view, change)
        case _:
            assert_never(change)


def _start(draft: Draft, attempt: Attempt) -> None:
    job = draft.jobs[attempt.job_id]
    assert isinstance(job.phase, Queued), f"{job.id} is not queued"
    assert attempt.number == job.attempts + 1
    assert attempt.fencing.counter > draft.view.fencing_counter
    draft.view = replace(draft.view, fencing_counter=attempt.fencing.counter)
    draft.put_attempt(attempt)
    draft.put_job(replace(job, phase=Active(attempt.id), attempts=attempt.number))


def _add(draft: Draft, job: Job) -> None:
    assert job.id not in draft.jobs, f"{job.id} is known already"
    draft.put_job(job)
    _stir(draft)


def _stir(draft: Draft) -> None:
    """Something is other than when it was last looked for who should make room."""
    if draft.view.stirred_at != draft.view.now:
        draft.view = replace(draft.view, stirred_at=draft.view.now)


def _requeue(draft: Draft, change: Requeue) -> None:
    _stir(draft)
    job = draft.jobs[change.job_id]
    assert isinstance(job.phase, Active), f"{job.id} is not active"
    assert not draft.attempts[job.phase.attempt_id].holds, (
        f"{job.id} would queue while an attempt of it holds GPUs"
    )
    ran = draft.attempts[job.phase.attempt_id].started_at is not None
    again = replace(job, phase=Queued(change.since), tries=change.tries, avoid_nodes=change.avoid_nodes)
    if change.preempted:
        again = replace(again, preempted_at=change.since, made_room_for=change.made_room_for)
    elif ran:
        again = replace(again, made_room_for=None)
    draft.put_job(again)


def _credit(draft: Draft, change: Credit) -> None:
    job = draft.jobs[change.job_id]
    done, ran = change.done_milliseconds, change.run_milliseconds
    assert done >= job.done_milliseconds, f"{job.id} would have done less than before"
    assert ran >= job.run_milliseconds, f"{job.id} would have run for less than before"
    draft.put_job(replace(job, done_milliseconds=done, run_milliseconds=ran))


def _finish(draft: Draft, change: Finish) -> None:
    """It leaves memory; a success is remembered for what others like it will take."""
    _stir(draft)
    job = replace(
        draft.jobs[change.job_id], phase=Finished(change.outcome, change.at), pending_checkpoints=()
    )
    draft.put_job(job)
    draft.forget_job(job)
    if isinstance(change.outcome, Succeeded):
        draft.view = replace(draft.view, history=draft.view.history.after(job))


def _move(draft: Draft, change: Move) -> None:
    attempt = draft.attempts[change.attempt_id]
    assert attempt.holds, f"{attempt.id} has ended and stays so"
    phase = change.phase.before if isinstance(change.phase, Unknown) else change.phase
    started_at = attempt.started_at
    if started_at is None and isinstance(phase, Running):
        started_at = phase.since
    draft.put_attempt(replace(attempt, phase=change.phase, started_at=started_at))


def _see(draft: Draft, change: See) -> None:
    attempt = draft.attempts[change.attempt_id]
    draft.put_attempt(replace(attempt, seen=_with(attempt.seen, change.rank, change.seen)))


def _renew(draft: Draft, change: Renew) -> None:
    attempt = draft.attempts[change.attempt_id]
    draft.put_attempt(replace(attempt, phase=_renewed(attempt, change.until, draft.view.now)))


def _use(draft: Draft, change: Use) -> None:
    """Time that comes after its job has finished is kept too; then the attempt is not in memory."""
    attempt = draft.attempts.get(change.attempt_id)
    if attempt is not None:
        draft.put_attempt(count_use(attempt, change))
    account, span = (change.project, change.gpu_class), (change.from_at, change.until_at)
    decayed = draft.view.decayed.add(change.firm, account, *span, change.gpu_milliseconds)
    draft.view = replace(draft.view, decayed=decayed)


def _settle_outputs(draft: Draft, change: KeepOutput | LoseOutput) -> None:
    """Of an attempt that is not in memory, whoever loaded it writes it down."""
    if isinstance(change, LoseOutput):
        attempt = draft.attempts.get(change.attempt_id)
    else:
        attempt = draft.attempts.get(id_of_attempt(change.job_id, change.output.attempt_number))
    if attempt is not None:
        draft.put_attempt(settle_outputs(attempt, change))


def settle_outputs(attempt: Attempt, change: KeepOutput | LoseOutput) -> Attempt:
    """The attempt, knowing what became of a rank's outputs. They are sent after its exit."""
    match change:
        case KeepOutput(output=output, left_out=left_out):
            return _with_outputs(attempt, output.rank, OutputsKept(left_out))
        case LoseOutput(rank=rank, why=why):
            return _with_outputs(attempt, rank, OutputsLost(why))
        case _:
            assert_never(change)


def _with_outputs(attempt: Attempt, rank: int, outputs: RankOutputs) -> Attempt:
    seen = attempt.seen[rank]
    if not isinstance(seen, RankExited):
        return attempt
    return replace(attempt, seen=_with(attempt.seen, rank, replace(seen, outputs=outputs)))


def count_use(attempt: Attempt, use: Use) -> Attempt:
    """The attempt with the time in its ledger."""
    until = attempt.used_until_ms or (0,) * len(attempt.places)
    assert use.until_boot_ms > until[use.rank], f"{attempt.id}/{use.rank}: the same time is counted twice"
    counted = (*until[: use.rank], use.until_boot_ms, *until[use.rank + 1 :])
    return replace(attempt, used_until_ms=counted)


def _renewed(attempt: Attempt, until: Instant, now: Instant) -> Starting | Running | Unknown | Ending:
    phase = attempt.phase
    match phase:
        case Starting() | Running():
            assert until >= phase.lease.until, "a lease never gets shorter"
            return replace(phase, lease=Lease(until, now))
        case _:
            raise AssertionError(f"{attempt.id} has no lease to renew in {type(phase).__name__}")


def _with(seen: tuple[RankSeen, ...], rank: int, new: RankSeen) -> tuple[RankSeen, ...]:
    assert 0 <= rank < len(seen), f"there is no rank {rank}"
    return (*seen[:rank], new, *seen[rank + 1 :])
