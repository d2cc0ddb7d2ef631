"""What will happen in virtual time, soonest first; of one instant, in the order in which it was put in."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.sim.faults import Fault
from bostan_scheduler.sim.world import Work


@dataclass(frozen=True, slots=True)
class Arrives:
    """A job is submitted."""

    work: Work


@dataclass(frozen=True, slots=True)
class Completes:
    """An attempt comes to its natural end, if nothing has stopped it."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Saves:
    """An attempt saves a checkpoint while it runs."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class LeaseEnds:
    """The shims of an attempt that cannot be reached end it, unless its lease was renewed."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Begins:
    """Something goes wrong."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Passes:
    """It is over."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Confirms:
    """An operator says that a node is off."""

    node_id: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock alone is looked at, and again after a while if it `repeats`."""

    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Replan:
    """The plan has asked to be made again."""


Event = Arrives | Completes | Saves | LeaseEnds | Begins | Passes | Confirms | Tick | Replan


@dataclass(slots=True)
class Agenda:
    """A heap of events."""

    heap: list[tuple[Instant, int, Event]] = field(default_factory=list)
    put_in: int = 0

    def put(self, at: Instant, event: Event) -> None:
        """One more event."""
        self.put_in += 1
        heapq.heappush(self.heap, (at, self.put_in, event))

    @property
    def next_at(self) -> Instant | None:
        """When the next one is; None when nothing will happen any more."""
        return self.heap[0][0] if self.heap else None

    def due(self, now: Instant) -> Iterator[Event]:
        """Take out what happens now, what is put in meanwhile too."""
        while self.heap and self.heap[0][0] <= now:
            yield heapq.heappop(self.heap)[2]
