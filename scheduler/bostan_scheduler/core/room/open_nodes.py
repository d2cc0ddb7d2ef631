"""The open nodes of each park."""

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field

from bostan_scheduler.core.counts import count
from bostan_scheduler.core.room.node_room import NodeRoom


@dataclass(slots=True)
class OpenNodes:
    """By name; and in which parks how many of them say where they stand."""

    by_park: dict[str, list[str]] = field(default_factory=dict)
    labelled: Counter[str] = field(default_factory=Counter)

    def of(self, park: str) -> list[str]:
        """The open nodes of a park."""
        return self.by_park.get(park, [])

    def add(self, room: NodeRoom) -> None:
        """A node is open from now on."""
        insort(self.by_park.setdefault(room.node.park, []), room.node.id)
        count(self.labelled, room.node.park, int(room.located))

    def remove(self, room: NodeRoom) -> None:
        """A node is open no more."""
        park = room.node.park
        nodes = self.by_park[park]
        at = bisect_left(nodes, room.node.id)
        assert nodes[at] == room.node.id, f"{room.node.id} was not open"
        del nodes[at]
        count(self.labelled, park, -int(room.located))
        if not nodes:
            del self.by_park[park]
