"""The rankings in use: one for each ask, all for the same workload."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.room.ask import Ask
from bostan_scheduler.core.room.buckets import Buckets
from bostan_scheduler.core.room.mix import Mix
from bostan_scheduler.core.room.ranking import Ranking
from bostan_scheduler.core.room.unusable import Unusable

RANKINGS_KEPT = 2_000


@dataclass(slots=True, eq=False)
class Rankings:
    """Kept until the workload or the classes change, and as long as there are not too many."""

    unusable: Unusable = field(default_factory=lambda: Unusable(Mix(), {}))
    by_ask: dict[Ask, Ranking] = field(default_factory=dict)
    stale: bool = True

    def of(self, ask: Ask, buckets: Buckets) -> Ranking:
        """The ranking for an ask."""
        assert not self.stale, "the classes may be others by now"
        ranking = self.by_ask.get(ask)
        if ranking is None:
            if len(self.by_ask) >= RANKINGS_KEPT:
                self.by_ask.clear()
            ranking = self.by_ask[ask] = Ranking(ask, buckets, self.unusable)
        return ranking

    def renew(self, mix: Mix, memories: Mapping[str, int]) -> None:
        """This is the workload now, and these are the classes, with the most memory of each."""
        self.stale = False
        if mix != self.unusable.mix or memories != self.unusable.memories:
            self.unusable = Unusable(mix, memories)
            self.by_ask.clear()

    def forget(self) -> None:
        """States are other objects from now on."""
        self.unusable = Unusable(self.unusable.mix, self.unusable.memories)
        self.by_ask.clear()
