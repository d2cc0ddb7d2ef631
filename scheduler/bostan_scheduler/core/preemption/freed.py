"""What is left of a node's GPUs once some victims have gone: one that several share is free when the last of them has."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from bostan_scheduler.core.job import WHOLE_GPU, Shape
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.room import Ledger
from bostan_scheduler.core.room.held import Hold, left_of

Group = tuple[Victim, ...]
"""Victims of whom all have to go for something to come of it."""

NOBODY: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Freed:
    """Who holds what of each GPU of a class that an open node may give out, and the ranks that want to go there."""

    shape: Shape
    holds: dict[str, tuple[Hold, ...]]

    @classmethod
    def on(cls, ledger: Ledger, node_id: str, gpu_class: str, shape: Shape) -> Self:
        """As things stand; nothing of a node that is not open."""
        room = ledger.rooms.get(node_id)
        gpus = room.gpus.get(gpu_class) if room is not None and room.node.open else None
        return cls(shape, {uuid: ledger.held.gpus.get(uuid, ()) for uuid in sorted(gpus.all if gpus else ())})

    def ranks(self, gone: Collection[str]) -> int:
        """How many ranks have room once these attempts have gone."""
        return sum(self._fits(holds, gone) for holds in self.holds.values()) // self.shape.rank.gpus

    def groups(self, victims: Sequence[Victim]) -> Iterator[Group]:
        """The fewest of the victims, in their order, who make room on a GPU; then the fewest who make more there."""
        for holds in self.holds.values():
            here, fits = {hold[0] for hold in holds}, self._fits(holds, NOBODY)
            going: list[Victim] = []
            for victim in victims:
                if victim.attempt.id in here:
                    going.append(victim)
                    more = self._fits(holds, {one.attempt.id for one in going})
                    if more > fits:
                        fits = more
                        yield tuple(going)

    def _fits(self, holds: tuple[Hold, ...], gone: Collection[str]) -> int:
        """How many ranks have room on one GPU, of those that want a part; else whether it is free."""
        milli, still = self.shape.rank.gpu_milli, tuple(hold for hold in holds if hold[0] not in gone)
        if not still:
            return WHOLE_GPU // milli
        left, firm = left_of(still)
        return left // milli if firm == self.shape.firm else 0
