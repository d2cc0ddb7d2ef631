"""The plan of a snapshot: what should change now, and why the rest waits."""

from bostan_scheduler.core.job import Job
from bostan_scheduler.core.planning.planner import Plan, Planner, Rows
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.waits import Wait
from bostan_scheduler.core.why.reasons import reasons

__all__ = ["Plan", "Planner", "Rows", "plan", "waits_of"]


def plan(snapshot: Snapshot) -> Plan:
    """The plan of a snapshot that nothing was known of before."""
    return Planner().plan(snapshot)


def waits_of(job: Job, planner: Planner, snapshot: Snapshot) -> tuple[Wait, ...]:
    """Why a queued job waits at the moment, as the planner sees it."""
    return reasons(planner.at(snapshot), job)
