"""The planner: one desk kept up to date, and from it, at any instant, the same plan that a new one would draw up."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.changes import Change, HoldRound, Intend, Reserve, Start
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.planning.claimed import start_what_is_kept_for
from bostan_scheduler.core.planning.desk import Desk, pool_size
from bostan_scheduler.core.planning.hurrying import hurrying
from bostan_scheduler.core.planning.intake import look_again, take_in
from bostan_scheduler.core.planning.starting import start_what_fits
from bostan_scheduler.core.preemption.round import Round, due, next_round_at, wanted
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.clearing import clear_windows, next_clearing
from bostan_scheduler.core.timeline.settling import settle


@dataclass(frozen=True, slots=True)
class Plan:
    """What should change now, in order; and when it should be planned again though nothing has happened by then."""

    changes: tuple[Change, ...] = ()
    again_at: Instant | None = None

    @property
    def starts(self) -> list[Start]:
        """The jobs that start."""
        return [one for one in self.changes if isinstance(one, Start)]


@dataclass(frozen=True, slots=True)
class Rows:
    """The ids of rows that have changed since the planner last looked."""

    jobs: Collection[str] = ()
    attempts: Collection[str] = ()
    nodes: Collection[str] = ()


@dataclass(slots=True)
class Planner:
    """Draws plans up. After a plan, its changes must be carried out and their rows handed in with the next `update`."""

    desk: Desk | None = field(default=None)

    def update(self, snapshot: Snapshot, rows: Rows) -> None:
        """Take in what has changed; what touches everything makes a new desk."""
        desk = self.desk
        if desk is None or _outdated(desk, snapshot):
            self.desk = None
        else:
            take_in(desk, snapshot, rows.jobs, rows.attempts, rows.nodes)
            if rows.nodes and pool_size(desk.sizes) != desk.pool_gpus:
                self.desk = None

    def plan(self, snapshot: Snapshot) -> Plan:
        """What should change at `snapshot.now`. Nothing is started that the snapshot has no room or quota for."""
        desk = self.at(snapshot)
        changes = tuple(_changes(desk))
        return Plan(changes, after(snapshot.now, 1) if _holds_up_no_more(desk, changes) else again_at(desk))

    def at(self, snapshot: Snapshot) -> Desk:
        """The desk as of this snapshot."""
        if self.desk is None or _outdated(self.desk, snapshot):
            self.desk = Desk.of(snapshot)
        self.desk.snapshot = snapshot
        look_again(self.desk)
        return self.desk


def again_at(desk: Desk) -> Instant | None:
    """When time alone may change the plan: the next round, a window's border, when it is settled or has to be cleared,
    a reservation's lapse, a checkpoint that is overdue, or patience that is over."""
    now, next_round = desk.snapshot.now, next_round_at(desk)
    spacing = desk.snapshot.settings.preemption.spacing_seconds
    times = [next_round if next_round > now else after(now, spacing)] if wanted(desk) else []
    lapses = [one.lapses_at for one in desk.timeline.reserved.values()]
    times += [at for at in (*desk.timeline.borders(), *lapses) if at > now]
    times += [at for at in (next_clearing(desk), desk.timeline.until_at) if at is not None]
    times += [after(now, 1)] if desk.aside else []
    times += desk.patient.values()
    return min(times, default=None)


def _holds_up_no_more(desk: Desk, changes: tuple[Change, ...]) -> bool:
    """Whether somebody for whom GPUs are kept now held others up, in an order that passes nobody."""
    return not desk.queue.order.passes and any(isinstance(one, Reserve) for one in changes)


def _changes(desk: Desk) -> Iterator[Change]:
    round_is_due = due(desk)
    if round_is_due:
        yield _begin_round(desk)
    yield from settle(desk)
    cleared = tuple(clear_windows(desk))
    yield from cleared
    yield from start_what_is_kept_for(desk)
    for attempt in start_what_fits(desk):
        yield Start(attempt)
    if round_is_due:
        told = frozenset(one.attempt_id for one in cleared if isinstance(one, Intend))
        yield from Round(desk, told=told).hold()


def _begin_round(desk: Desk) -> HoldRound:
    """Firms are compared anew, and jobs that must not wait are found anew."""
    desk.compare_anew()
    clock, urgent = hurrying(desk)
    desk.queue.hurry(urgent)
    return HoldRound(desk.snapshot.now, desk.held_lately, urgent, clock)


def _outdated(desk: Desk, snapshot: Snapshot) -> bool:
    """Quotas, classes, settings or the leader are others, or a window of the quota tree has opened or ended."""
    known = desk.snapshot
    return (
        snapshot.quota is not desk.books.tree
        or snapshot.now >= desk.books.until_at
        or snapshot.settings is not known.settings
        or snapshot.classes is not known.classes
        or snapshot.obstacles is not known.obstacles
        or snapshot.class_of_device is not known.class_of_device
        or snapshot.epoch != known.epoch
    )
