"""The rankings in use: one for each ask, all for the same workload."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.room.ask import Ask, ask_of
from bostan_scheduler.core.room.buckets import Buckets
from bostan_scheduler.core.room.mix import Mix
from bostan_scheduler.core.room.ranking import Ranking
from bostan_scheduler.core.room.unusable import Unusable

RANKINGS_KEPT = 2_000
Asked = tuple[Shape, str | None, int]
"""A shape, a class or none, and how many of its ranks."""


@dataclass(slots=True, eq=False)
class Rankings:
    """Kept until the workload or the classes change, and as long as there are not too many."""

    unusable: Unusable = field(default_factory=lambda: Unusable(Mix(), {}, 1))
    by_ask: dict[Ask, Ranking] = field(default_factory=dict)
    by_shape: dict[Asked, Ranking] = field(default_factory=dict)
    stale: bool = True

    def of(self, asked: Asked, buckets: Buckets) -> Ranking:
        """The ranking for so many ranks of a shape on a class."""
        assert not self.stale, "the classes may be others by now"
        ranking = self.by_shape.get(asked)
        if ranking is None:
            if len(self.by_shape) >= RANKINGS_KEPT:
                self._clear()
            ranking = self.by_shape[asked] = self._of_ask(ask_of(*asked), buckets)
        return ranking

    def _of_ask(self, ask: Ask, buckets: Buckets) -> Ranking:
        ranking = self.by_ask.get(ask)
        if ranking is None:
            ranking = self.by_ask[ask] = Ranking(ask, buckets, self.unusable)
        return ranking

    def _clear(self) -> None:
        self.by_ask.clear()
        self.by_shape.clear()

    def renew(self, mix: Mix, memories: Mapping[str, int], cpus_a_gpu: int) -> None:
        """This is the workload now, and these are the classes, with the most memory of each, and the CPUs of a GPU."""
        self.stale, was = False, self.unusable
        if (mix, memories, cpus_a_gpu) != (was.mix, was.memories, was.cpus_a_gpu):
            self.unusable = Unusable(mix, memories, cpus_a_gpu)
            self._clear()

    def forget(self) -> None:
        """States are other objects from now on."""
        was = self.unusable
        self.unusable = Unusable(was.mix, was.memories, was.cpus_a_gpu)
        self._clear()
