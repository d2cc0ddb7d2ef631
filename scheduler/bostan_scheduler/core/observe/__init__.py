"""What follows from a report: `observe` for news and wishes, `observe_time` for what the clock alone brings."""

from typing import assert_never

from bostan_scheduler.core.changes import Change, Refusal
from bostan_scheduler.core.observe import nodes, operators, ranks, users, windows
from bostan_scheduler.core.observe.time import observe_time
from bostan_scheduler.core.reports import (
    CancelAsked,
    DrainAsked,
    HealthReported,
    JobsSubmitted,
    MaintenanceWithdrawn,
    NodeConfirmedDead,
    NodeConnected,
    NodeHolds,
    NodesHeard,
    ParkAdded,
    QuotasApplied,
    RankReported,
    Report,
    RequeueAsked,
    ReservationWithdrawn,
    UndrainAsked,
    WindowAnnounced,
)
from bostan_scheduler.core.snapshot import Snapshot

__all__ = ["observe", "observe_time"]

Observed = tuple[Change, ...] | Refusal


def observe(snapshot: Snapshot, report: Report) -> Observed:  # noqa: C901 - one line a case, and every case is here
    """The changes that follow from a report, or why what it asks cannot be."""
    match report:
        case JobsSubmitted():
            return users.on_jobs_submitted(snapshot, report)
        case CancelAsked():
            return users.on_cancel_asked(snapshot, report)
        case RequeueAsked():
            return users.on_requeue_asked(snapshot, report)
        case QuotasApplied():
            return operators.on_quotas_applied(snapshot, report)
        case ParkAdded():
            return operators.on_park_added(snapshot, report)
        case WindowAnnounced():
            return windows.on_window_announced(snapshot, report)
        case MaintenanceWithdrawn():
            return windows.on_maintenance_withdrawn(snapshot, report)
        case ReservationWithdrawn():
            return windows.on_reservation_withdrawn(snapshot, report)
        case DrainAsked():
            return operators.on_drain_asked(snapshot, report)
        case UndrainAsked():
            return operators.on_undrain_asked(snapshot, report)
        case NodeConfirmedDead():
            return operators.on_node_confirmed_dead(snapshot, report)
        case NodeConnected():
            return nodes.on_node_connected(snapshot, report)
        case NodeHolds():
            return nodes.on_node_holds(snapshot, report)
        case NodesHeard():
            return nodes.on_nodes_heard(snapshot, report)
        case HealthReported():
            return nodes.on_health_reported(snapshot, report)
        case RankReported():
            return ranks.on_rank_reported(snapshot, report)
        case _:
            assert_never(report)
