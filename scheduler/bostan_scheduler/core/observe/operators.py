"""What follows from the wishes of administrators and park operators."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Attempt, Run, Running, Starting, Stop, StopCause
from bostan_scheduler.core.changes import AddPark, Change, Intend, Refusal, SetDrain, SetQuotas
from bostan_scheduler.core.node import Drain, Heard
from bostan_scheduler.core.observe.lost import lose_ranks
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
    return (SetQuotas(report.tree, report.firms, report.parks, report.class_of_device, report.by),)


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
    return (drain, *_requeued(snapshot, report)) if report.requeue else (drain,)


def _requeued(snapshot: Snapshot, report: DrainAsked) -> Iterator[Change]:
    outcome = Requeued(report.by, f"{report.node_id} is drained", (report.node_id,))
    stop = Stop(StopCause.NODE_DRAINED, checkpoint=True, since=snapshot.now, outcome=outcome)
    for attempt in snapshot.attempts.values():
        if report.node_id in attempt.node_ids and _wanted(attempt):
            yield Intend(attempt.id, stop)


def _wanted(attempt: Attempt) -> bool:
    return isinstance(attempt.phase, Starting | Running) and isinstance(attempt.intent, Run)


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
