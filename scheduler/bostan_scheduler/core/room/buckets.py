"""Nodes by state, park by park: so that placement looks at states, which are few, instead of nodes."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.counts import count
from bostan_scheduler.core.room.node_room import NodeRoom
from bostan_scheduler.core.room.state import STATES_KEPT, State, States
from bostan_scheduler.core.room.where import NOWHERE, Where


@dataclass(slots=True, eq=False)
class Bucket:
    """The open nodes in one state, by park; parks and nodes by name. `places` are how many of them stand where, as far as labels tell."""

    nodes: dict[str, list[str]] = field(default_factory=dict)
    parks: list[str] = field(default_factory=list)
    places: dict[str, Counter[Where]] = field(default_factory=dict)

    def add(self, park: str, node_id: str) -> None:
        """Put a node in."""
        nodes = self.nodes.get(park)
        if nodes is None:
            self.nodes[park] = [node_id]
            insort(self.parks, park)
        else:
            insort(nodes, node_id)

    def remove(self, park: str, node_id: str) -> None:
        """Take a node out."""
        nodes = self.nodes[park]
        del nodes[bisect_left(nodes, node_id)]
        if not nodes:
            del self.nodes[park]
            del self.parks[bisect_left(self.parks, park)]

    def locate(self, park: str, where: Where, step: int) -> None:
        """A node is in that says where it stands, or is out when `step` is -1."""
        places = self.places.setdefault(park, Counter())
        count(places, where, step)
        if not places:
            del self.places[park]

    def first(
        self, park_may: Callable[[str], bool], node_may: Callable[[str], bool]
    ) -> tuple[str, str] | None:
        """The first park and node by name that may be taken."""
        for park in self.parks:
            if park_may(park):
                for node_id in self.nodes[park]:
                    if node_may(node_id):
                        return park, node_id
        return None


@dataclass(slots=True)
class Births:
    """The states that came up in one class, in order; who reads on from where it was misses none."""

    states: list[State] = field(default_factory=list)
    volume: int = 0


@dataclass(slots=True)
class Buckets:
    """The states that nodes are in; for each class those with something of it free, and for None all of them.

    `stirred` is how often nodes of a park that say where they stand have come into a state or left one.
    """

    states: States = field(default_factory=States)
    live: dict[State, Bucket] = field(default_factory=dict)
    of_class: dict[str | None, dict[State, Bucket]] = field(default_factory=dict)
    births: dict[str | None, Births] = field(default_factory=dict)
    stirred: Counter[str] = field(default_factory=Counter)

    def add(self, state: State, room: NodeRoom) -> None:
        """A node is in this state."""
        bucket = self.live.get(state)
        if bucket is None:
            bucket = self._bear(state)
        bucket.add(room.node.park, room.node.id)
        if room.where != NOWHERE:
            self._locate(bucket, room, 1)

    def remove(self, state: State, room: NodeRoom) -> None:
        """A node is in it no more."""
        bucket = self.live[state]
        bucket.remove(room.node.park, room.node.id)
        if room.where != NOWHERE:
            self._locate(bucket, room, -1)
        if not bucket.parks:
            del self.live[state]
            for gpu_class in _classes(state):
                del self.of_class[gpu_class][state]

    def _locate(self, bucket: Bucket, room: NodeRoom, step: int) -> None:
        bucket.locate(room.node.park, room.where, step)
        self.stirred[room.node.park] += 1

    def crowded(self) -> bool:
        """Whether too many states are kept that no node is in."""
        return len(self.states.by_key) > STATES_KEPT + 4 * len(self.live)

    def _bear(self, state: State) -> Bucket:
        bucket = self.live[state] = Bucket()
        for gpu_class in _classes(state):
            states = self.of_class.setdefault(gpu_class, {})
            states[state] = bucket
            births = self.births.setdefault(gpu_class, Births())
            births.states.append(state)
            if len(births.states) > STATES_KEPT + 4 * len(states):
                births.states = list(states)
                births.volume += 1
        return bucket


def _classes(state: State) -> Iterator[str | None]:
    yield None
    yield from state.rooms
