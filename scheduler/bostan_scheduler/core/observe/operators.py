"""What follows from the wishes of administrators and park operators."""

from bostan_scheduler.core.attempt import (
    Attempt,
    Offered,
    Run,
    Running,
    Starting,
    Stop,
    StopCause,
    Unknown,
)
from bostan_scheduler.core.changes import AddPark, Change, Intend, Refusal, SetDrain, SetQuotas
from bostan_scheduler.core.node import Drain, Heard
from bostan_scheduler.core.observe.ending import withdraw
from bostan_scheduler.core.observe.lost import lose_ranks
from bostan_scheduler.core.observe.windows import refusal_of_files
from bostan_scheduler.core.outcome import Requeued
from bostan_scheduler.core.reports import (
    DrainAsked,
    NodeConfirmedDead,
    ParkAdded,
    QuotasApplied,
    UndrainAsked,
)
from bostan_scheduler.core.snapshot import Snapshot

Observed = tuple[Change, ...] | Refusal


def on_quotas_applied(snapshot: Snapshot, report: QuotasApplied) -> Observed:
    """Replace quotas and firms whole. A firm with unfinished jobs stays; lowering a quota stops nothing."""
    gone = sorted({job.spec.firm for job in snapshot.jobs.values()} - report.firms.keys())
    if gone:
        detail = f"firms: {gone[0]} still has unfinished jobs"
        return Refusal("conflict", detail, "keep the firm until they have finished, or cancel them")
    refusal = refusal_of_files(snapshot, report.obstacles)
    if refusal is not None:
        return refusal
    return (
        SetQuotas(
            tree=report.tree,
            firms=report.firms,
            parks=report.parks,
            class_of_device=report.class_of_device,
            by=report.by,
            classes=report.classes,
            obstacles=report.obstacles,
            reserves=report.reserves,
        ),
    )


def on_park_added(snapshot: Snapshot, report: ParkAdded) -> Observed:
    """Make a park known; the same one again is nothing."""
    known = snapshot.parks.get(report.park.id)
    return () if known == report.park else (AddPark(report.park, report.by),)


def on_drain_asked(snapshot: Snapshot, report: DrainAsked) -> Observed:
    """Start nothing new on the node, and with `requeue` move away what runs there."""
    node = snapshot.nodes.get(report.node_id)
    if node is None:
        return Refusal("not-found", f"there is no node {report.node_id}", "see `bostan nodes`")
    drain = SetDrain(node.id, Drain(snapshot.now, report.by, report.reason), report.by)
    there = [one for one in snapshot.attempts.values() if report.node_id in one.node_ids]
    return (drain, *(change for attempt in there for change in _moved_away(snapshot, attempt, report)))


def _moved_away(snapshot: Snapshot, attempt: Attempt, report: DrainAsked) -> tuple[Change, ...]:
    """An offer has not started, so it is withdrawn in any case."""
    outcome = Requeued(report.by, f"{report.node_id} is drained", (report.node_id,))
    stop = Stop(StopCause.NODE_DRAINED, checkpoint=True, since=snapshot.now, outcome=outcome)
    match attempt.phase:
        case Offered():
            return withdraw(snapshot, attempt, outcome)
        case Starting() | Running() | Unknown() if report.requeue and isinstance(attempt.intent, Run):
            return (Intend(attempt.id, stop),)
        case _:
            return ()


def on_undrain_asked(snapshot: Snapshot, report: UndrainAsked) -> Observed:
    """Let the node take work again."""
    node = snapshot.nodes.get(report.node_id)
    if node is None:
        return Refusal("not-found", f"there is no node {report.node_id}", "see `bostan nodes`")
    return () if node.drain is None else (SetDrain(node.id, None, report.by),)


def on_node_confirmed_dead(snapshot: Snapshot, report: NodeConfirmedDead) -> Observed:
    """The operator states that the power is off: what ran there is lost now, not at the end of its lease."""
    node = snapshot.nodes.get(report.node_id)
    if node is None:
        return Refusal("not-found", f"there is no node {report.node_id}", "see `bostan nodes`")
    if isinstance(node.session, Heard):
        return Refusal("conflict", f"{node.id} is alive: it was just heard", "drain it instead")
    how = f"confirmed dead by {report.by}"
    return tuple(
        change
        for attempt in snapshot.attempts.values()
        for change in lose_ranks(snapshot, attempt, node.id, how)
    )
