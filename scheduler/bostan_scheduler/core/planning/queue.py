"""The waiting jobs: a line for each quota leaf and shape, found by what fits them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Fit, Job, Shape
from bostan_scheduler.core.order import Order
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.planning.line import Entry, Line, entry_of
from bostan_scheduler.core.quota import QuotaNode

Pair = tuple[str, Shape]
"""A quota leaf's id and a shape."""


BEFORE_ALL = -1e15
"""Keys are times or times of the whole pool, in seconds: none is so small."""


@dataclass(slots=True)
class Spot:
    """Where a waiting job stands, and what it asks for."""

    pair: Pair
    entry: Entry
    ask: Ask


@dataclass(slots=True)
class Queue:
    """Every waiting job that has a quota leaf and may be looked at."""

    order: Order
    lines: dict[Pair, Line] = field(default_factory=dict)
    leaves: dict[str, QuotaNode] = field(default_factory=dict)
    by_fit: dict[Fit, dict[Pair, Line]] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)
    urgent: dict[str, int] = field(default_factory=dict)

    def fill(self, asks: Iterable[tuple[QuotaNode, Shape, Job, Ask]]) -> None:
        """Put many in at once."""
        entries: dict[Pair, list[Entry]] = {}
        for leaf, shape, job, ask in asks:
            spot = self._spot(leaf, shape, job, ask)
            entries.setdefault(spot.pair, []).append(spot.entry)
        for pair, some in entries.items():
            self._line(pair).fill(some)

    def put(self, leaf: QuotaNode, shape: Shape, job: Job, ask: Ask) -> None:
        """Put a job of this shape in, or in its new place."""
        self.drop(job.id)
        spot = self._spot(leaf, shape, job, ask)
        self._line(spot.pair).add(spot.entry)

    def drop(self, job_id: str) -> None:
        """Take a job out; nothing if it does not wait."""
        spot = self.spots.pop(job_id, None)
        if spot is None:
            return
        line = self.lines[spot.pair]
        line.remove(spot.entry)
        if not line:
            self._forget(spot.pair)

    def step_aside(self, job_id: str) -> Spot:
        """Take a waiting job out for a while."""
        spot = self.spots[job_id]
        self.drop(job_id)
        return spot

    def step_back(self, spot: Spot) -> None:
        """Put it in again where it was."""
        self.spots[spot.entry[-1]] = spot
        self._line(spot.pair).add(spot.entry)

    def head(self, pair: Pair) -> Entry | None:
        """The first of a line."""
        line = self.lines.get(pair)
        return line.entries[0] if line else None

    def fits(self) -> Iterator[Fit]:
        """What waits, by what fits it."""
        return iter(self.by_fit)

    def of_fit(self, fit: Fit) -> Mapping[Pair, Line]:
        """The lines of jobs that the same fits."""
        return self.by_fit[fit]

    def hurry(self, urgent: tuple[str, ...]) -> None:
        """These jobs are before all others of their line from now on, in this order; those that were, no more."""
        before, self.urgent = self.urgent, {job_id: rank for rank, job_id in enumerate(urgent)}
        for job_id in {**before, **self.urgent}:
            spot = self.spots.get(job_id)
            if spot is not None and before.get(job_id) != self.urgent.get(job_id):
                self.drop(job_id)
                spot.entry = (self._key(job_id, spot.ask), *spot.entry[1:])
                self.step_back(spot)

    def _key(self, job_id: str, ask: Ask) -> float:
        rank = self.urgent.get(job_id)
        return self.order.job_key(ask) if rank is None else BEFORE_ALL + rank

    def _spot(self, leaf: QuotaNode, shape: Shape, job: Job, ask: Ask) -> Spot:
        self.leaves[leaf.id] = leaf
        spot = Spot((leaf.id, shape), entry_of(self._key(job.id, ask), job), ask)
        self.spots[job.id] = spot
        return spot

    def _line(self, pair: Pair) -> Line:
        line = self.lines.get(pair)
        if line is None:
            line = self.lines[pair] = Line()
            self.by_fit.setdefault(pair[1].fit, {})[pair] = line
        return line

    def _forget(self, pair: Pair) -> None:
        del self.lines[pair]
        lines = self.by_fit[pair[1].fit]
        del lines[pair]
        if not lines:
            del self.by_fit[pair[1].fit]
