"""Planning as the leader plans: the one place where the log, dumps and replays meet the production planner."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.why.reasons import reasons


@dataclass(frozen=True, slots=True)
class Decided:
    """What a plan changes, in order, and the main reasons of the jobs that stay, with how many stay for each."""

    changes: tuple[Change, ...]
    waiting: Mapping[str, int]


def decide(snapshot: Snapshot) -> Decided:
    """Plan from scratch."""
    planner = Planner()
    changes = planner.plan(snapshot).changes
    after = apply_all(snapshot, changes)
    desk = planner.at(after)
    queued = (job for job in after.jobs.values() if isinstance(job.phase, Queued))
    waiting = Counter(reasons(desk, job)[0].reason.value for job in queued)
    return Decided(changes, dict(sorted(waiting.items())))


def order_of(settings: Settings) -> str:
    """The name of the order in which jobs are served."""
    return next(name for name, kind in ORDERS.items() if type(settings.order) is kind)


def in_order(snapshot: Snapshot, order: str) -> Snapshot:
    """The snapshot as if its jobs were served in the order of this name, with its default coefficients."""
    return replace(snapshot, settings=replace(snapshot.settings, order=ORDERS[order]()))
