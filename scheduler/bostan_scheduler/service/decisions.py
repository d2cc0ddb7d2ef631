"""Where the writer's decisions are written down: a port that never raises and never waits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.waits import Reason

Waiting = Callable[[], Mapping[Reason, int]]
"""Counts queued jobs by their main reason; asked after the commit, of a plan that is written down."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a leader has planned since it leads, and what became of its log."""

    plans: int = 0
    plan_seconds: float = 0.0
    decisions: int = 0
    """Entries written."""
    decisions_lost: int = 0
    """Entries that could not be written, or came faster than they can be."""
    snapshots: int = 0
    """Snapshots kept beside the log."""
    snapshots_lost: int = 0


class DecisionLog(Protocol):
    """Hears of each step. Nothing here fails a step or waits for a disk."""

    def begin(self, snapshot: Snapshot) -> None:
        """A leader starts from this."""
        ...

    def note(self, draft: Draft, changes: Sequence[Change], seconds: float, waiting: Waiting) -> None:
        """A plan of these changes was drawn up in so many seconds; the draft is as the plan saw it."""
        ...

    def keep(self, draft: Draft) -> None:
        """The step of this draft is committed: what was noted of it now holds."""
        ...

    def tally(self) -> Tally:
        """How it stands."""
        ...


class NoDecisionLog:
    """Writes nothing down."""

    def begin(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def note(self, draft: Draft, changes: Sequence[Change], seconds: float, waiting: Waiting) -> None:
        """Nothing."""

    def keep(self, draft: Draft) -> None:
        """Nothing."""

    def tally(self) -> Tally:
        """Nothing was counted."""
        return Tally()
