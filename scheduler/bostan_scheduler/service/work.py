"""The changes of one step: carried out on a draft, and gathered for the commit and the outbox."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.apply import carry_out
from bostan_scheduler.core.attempt import Ending, Running, Starting, Unknown, Withdrawn
from bostan_scheduler.core.changes import (
    AddObstacle,
    AddPark,
    Change,
    Foresee,
    HoldRound,
    Intend,
    KeepOutput,
    LoseOutput,
    Move,
    Pin,
    RemoveObstacle,
    Renew,
    Reserve,
    See,
    SetDrain,
    SetQuotas,
    Start,
    Unreserve,
    Use,
)
from bostan_scheduler.core.desired import DesiredRank, DesiredSet, desired
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.node import Drain, JournalPosition
from bostan_scheduler.core.obstacle import Announced
from bostan_scheduler.core.snapshot import Park
from bostan_scheduler.service.history import event_of
from bostan_scheduler.service.messages import Outbox, Renewal
from bostan_scheduler.service.ports import Commit, NewEvent, Receipt


@dataclass(slots=True)
class Work:
    """What one step does. `told` are the attempts whose nodes have to be told something."""

    draft: Draft
    events: list[NewEvent] = field(default_factory=list)
    usage: list[Use] = field(default_factory=list)
    outputs: list[KeepOutput] = field(default_factory=list)
    parks: list[Park] = field(default_factory=list)
    windows: dict[str, Announced | None] = field(default_factory=dict)
    quotas: SetQuotas | None = None
    receipts: list[Receipt] = field(default_factory=list)
    answered: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    journals: dict[str, JournalPosition] = field(default_factory=dict)
    told: dict[str, None] = field(default_factory=dict)
    renewed: dict[str, None] = field(default_factory=dict)
    drains: dict[str, Drain | None] = field(default_factory=dict)
    opened: dict[str, tuple[DesiredRank, ...]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    replans: bool = False

    def do(self, changes: Iterable[Change]) -> None:
        """Carry changes out, in order."""
        for change in changes:
            event = event_of(self.draft.view, change)
            if event is not None:
                self.events.append(event)
            carry_out(self.draft, change)
            self._gather(change)

    def _gather(self, change: Change) -> None:
        match change:
            case Use():
                self.usage.append(change)
            case KeepOutput():
                self.outputs.append(change)
            case Renew(attempt_id):
                self.renewed[attempt_id] = None
            case Start(attempt):
                self.told[attempt.id] = None
            case Intend(attempt_id) | Move(attempt_id, Starting() | Withdrawn() | Ending()):
                self.told[attempt_id] = None
            case Move(_, Running() | Unknown()) | See() | LoseOutput():
                pass
            case Reserve() | Unreserve() | HoldRound() | Foresee() | Pin():
                pass  # what a plan notes for the next one
            case _:
                self.replans = True
                self._gather_outside(change)

    def _gather_outside(self, change: Change) -> None:
        match change:
            case SetQuotas():
                self.quotas = change
            case AddPark(park):
                self.parks.append(park)
            case AddObstacle(obstacle):
                self.windows[obstacle.id] = obstacle
            case RemoveObstacle(obstacle_id):
                self.windows[obstacle_id] = None
            case SetDrain(node_id, drain):
                self.drains[node_id] = drain
            case _:
                pass

    def take_in(self, position: JournalPosition) -> None:
        """A node's journal is taken in up to here."""
        self.draft.journals[position.node_id] = self.journals[position.node_id] = position

    def commit(self) -> Commit | None:
        """What to keep; None when nothing changed."""
        draft = self.draft
        commit = Commit(
            epoch=draft.view.epoch,
            at=draft.view.now,
            jobs=tuple(draft.changed_jobs.values()),
            attempts=tuple(draft.changed_attempts.values()),
            nodes=tuple(draft.changed_nodes.values()),
            journals=tuple(self.journals.values()),
            quotas=self.quotas,
            parks=tuple(self.parks),
            windows=tuple(one for one in self.windows.values() if one is not None),
            windows_gone=tuple(one for one, window in self.windows.items() if window is None),
            usage=tuple(self.usage),
            decayed=draft.view.decayed if self.usage else None,
            outputs=tuple(self.outputs),
            receipts=tuple(self.receipts),
            events=tuple(self.events),
        )
        empty = Commit(commit.epoch, commit.at)
        return None if commit == empty else commit

    def outbox(self, events_up_to: int) -> Outbox:
        """What goes out once the commit holds."""
        return Outbox(
            desired=(*self._complete_sets(), *self._changed_sets()),
            renewals=tuple(self._renewals()),
            drains=tuple(self.drains.items()),
            sessions=tuple(self.sessions.items()),
            events_up_to=events_up_to,
        )

    def _complete_sets(self) -> Iterable[DesiredSet]:
        view = self.draft.view
        for node_id, strangers in self.opened.items():
            attempts = [one for one in view.attempts.values() if one.holds]
            known = desired(view, node_id, attempts, complete=True)
            yield DesiredSet(node_id, (*known.ranks, *strangers), complete=True)

    def _changed_sets(self) -> Iterable[DesiredSet]:
        view = self.draft.view
        by_node: dict[str, list[DesiredRank]] = {}
        for attempt_id in self.told:
            attempt = view.attempts.get(attempt_id)
            for node_id in attempt.node_ids if attempt is not None else ():
                ranks = (
                    desired(view, node_id, (attempt,), complete=False).ranks if attempt is not None else ()
                )
                by_node.setdefault(node_id, []).extend(ranks)
        fresh = (
            (node_id, ranks) for node_id, ranks in by_node.items() if ranks and node_id not in self.opened
        )
        return [DesiredSet(node_id, tuple(ranks), complete=False) for node_id, ranks in fresh]

    def _renewals(self) -> Iterable[Renewal]:
        for attempt_id in self.renewed:
            attempt = self.draft.view.attempts.get(attempt_id)
            if attempt is None or attempt.lease is None:
                continue
            for node_id in attempt.node_ids:
                ranks = tuple(place.rank for place in attempt.places if place.node_id == node_id)
                fencing = attempt.fencing
                yield Renewal(node_id, attempt_id, ranks, fencing.epoch, fencing.counter, attempt.lease.until)
