"""What nodes bring: their sessions, of which only the newest is heard, and their journals, taken in without gaps."""

from dataclasses import replace

from bostan_scheduler.core.apply import count_use, settle_outputs
from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.desired import DesiredRank, unknown_rank
from bostan_scheduler.core.node import JournalPosition
from bostan_scheduler.core.observe import observe
from bostan_scheduler.core.observe.ranks import exit_of, settle_output, use, was_given
from bostan_scheduler.core.reports import (
    Exited,
    OutputLost,
    OutputStored,
    RankHeld,
    RankReported,
    Report,
    Used,
)
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.service.messages import (
    Journal,
    JournalAcked,
    OpenSession,
    Reply,
    SessionOpened,
    SessionReplaced,
)
from bostan_scheduler.service.ports import Writer
from bostan_scheduler.service.work import Work


def open_session(work: Work, sessions: dict[str, str], request: OpenSession) -> Reply:
    """Take a node in, compare what it holds with what is known, and let everything that is wanted be said to it."""
    hello, before = request.hello, work.draft.nodes.get(request.hello.node_id)
    assert request.holds.node_id == hello.node_id, "a node speaks for itself"
    known = observe(work.draft.view, hello)
    if isinstance(known, Refusal):
        return known
    work.do(known)
    rebooted = before is not None and before.boot_id != hello.boot_id
    held = observe(work.draft.view, replace(request.holds, rebooted=rebooted))
    assert not isinstance(held, Refusal), "what a node holds is never refused"
    work.do(held)
    sessions[hello.node_id] = work.sessions[hello.node_id] = request.session_id
    work.opened[hello.node_id] = _strangers(work.draft.view, hello.node_id, request.holds.ranks)
    position = _position(work, hello.node_id, hello.journal_id)
    return SessionOpened(work.draft.view.epoch, position.acked_seq, work.draft.nodes[hello.node_id].drain)


def _position(work: Work, node_id: str, journal_id: str) -> JournalPosition:
    position = work.draft.journals.get(node_id)
    if position is None or position.journal_id != journal_id:
        position = JournalPosition(node_id, journal_id, 0)
        work.take_in(position)
    return position


def _strangers(view: Snapshot, node_id: str, held: tuple[RankHeld, ...]) -> tuple[DesiredRank, ...]:
    return tuple(
        unknown_rank(one.attempt_id, one.rank, one.fencing, one.state, view.now)
        for one in held
        if one.state != "exited" and not _is_known(view.attempts.get(one.attempt_id), node_id, one)
    )


def _is_known(attempt: Attempt | None, node_id: str, held: RankHeld) -> bool:
    if attempt is None or not attempt.holds or attempt.fencing != held.fencing:
        return False
    return held.rank < len(attempt.places) and attempt.places[held.rank].node_id == node_id


def take_in(work: Work, sessions: dict[str, str], writer: Writer, request: Journal) -> Reply:
    """Take records in, each once and in order; what lies beyond a gap waits for a resend."""
    position = work.draft.journals.get(request.node_id)
    stale = sessions.get(request.node_id) != request.session_id
    if stale or position is None or position.journal_id != request.journal_id:
        return SessionReplaced()
    acked = position.acked_seq
    for seq, report in request.records:
        if seq == acked + 1:
            _record(work, writer, report)
            acked = seq
    work.draft.heard[request.node_id] = work.draft.view.now
    if acked != position.acked_seq:
        work.take_in(JournalPosition(request.node_id, request.journal_id, acked))
    return JournalAcked(request.journal_id, acked)


def _record(work: Work, writer: Writer, report: RankReported | Report | None) -> None:
    if report is None:
        return
    if isinstance(report, RankReported) and report.attempt_id not in work.draft.attempts:
        _late(work, writer, report)
        return
    changes = observe(work.draft.view, report)
    assert not isinstance(changes, Refusal), "what happened on a node is never refused"
    work.do(changes)


def _late(work: Work, writer: Writer, report: RankReported) -> None:
    """News of an attempt whose job has finished: its usage and output still count, its end is put on record."""
    attempt = work.draft.changed_attempts.get(report.attempt_id) or writer.attempt(report.attempt_id)
    if attempt is None or not was_given(attempt, report):
        return
    match report.news:
        case Used() as used:
            for fresh in use(attempt, report.rank, used):
                work.do((fresh,))
                work.draft.put_forgotten(count_use(attempt, fresh))
        case OutputStored() | OutputLost() as output:
            settled = settle_output(attempt, report.rank, output)
            work.do((settled,))
            work.draft.put_forgotten(settle_outputs(attempt, settled))
        case Exited() as news if (exited := exit_of(attempt, report.rank, news)) is not None:
            seen = (*attempt.seen[: report.rank], exited, *attempt.seen[report.rank + 1 :])
            work.draft.put_forgotten(replace(attempt, seen=seen))
        case _:
            pass
