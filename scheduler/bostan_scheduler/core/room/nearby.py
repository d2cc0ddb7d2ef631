"""Which switch or rack of a park a gang takes best, remembered as long as no node there is in another state."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bostan_scheduler.core.room.where import Within

Near = tuple[int, Within, int, str]
"""How many nodes the gang takes, within what, what they have free in thousandths of a GPU, and what that is called."""

KEPT = 10_000


@dataclass(slots=True, eq=False)
class Nearby:
    """By park and number of ranks; what is known is good for as often as nodes there have changed their states by then."""

    known: dict[tuple[str, int], tuple[int, Near | None]] = field(default_factory=dict)

    def of(self, park: str, ranks: int, stirred: int, find: Callable[[], Near | None]) -> Near | None:
        """What is known of a park whose nodes have changed their states so often, or what is found."""
        assert stirred > 0, f"no label of {park} tells where a node stands"
        known = self.known.get((park, ranks))
        if known is None or known[0] != stirred:
            if len(self.known) >= KEPT:
                self.known.clear()
            known = self.known[park, ranks] = stirred, find()
        return known[1]
