"""What is free on a node, told without its name: nodes in one state are as good as each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.job import WHOLE_GPU

Part = tuple[int, str]
"""What is left of a shared GPU, in thousandths, and the firm that shares it."""

ClassRoom = tuple[str, tuple[int, ...], tuple[Part, ...]]
"""A class, its free whole GPUs by link group, the largest group first, and its shared GPUs with something left."""

StateKey = tuple[tuple[ClassRoom, ...], int, int, int]
"""Of each class what is free, then CPUs, bytes of memory and the ranks without GPUs."""

STATES_KEPT = 20_000


@dataclass(slots=True, eq=False)
class State:
    """One object for all nodes that have the same free, so that it is compared by identity."""

    key: StateKey
    rooms: dict[str, ClassRoom] = field(init=False)

    def __post_init__(self) -> None:
        self.rooms = {room[0]: room for room in self.key[0]}

    @property
    def cpus(self) -> int:
        """CPUs that nobody asked for yet; below 0 when a node has lost some."""
        return self.key[1]

    @property
    def memory_bytes(self) -> int:
        """Memory that nobody asked for yet."""
        return self.key[2]

    @property
    def loose(self) -> int:
        """Ranks without GPUs that run there."""
        return self.key[3]

    def whole(self, gpu_class: str) -> int:
        """GPUs of a class that nobody holds a part of."""
        room = self.rooms.get(gpu_class)
        return sum(room[1]) if room is not None else 0

    def parts(self, gpu_class: str, firm: str) -> list[int]:
        """What is left of each GPU of a class that the firm shares."""
        room = self.rooms.get(gpu_class)
        return [left for left, of in room[2] if of == firm] if room is not None else []

    def milli(self, gpu_class: str) -> int:
        """All that is free of a class, in thousandths of a GPU."""
        room = self.rooms.get(gpu_class)
        return sum(room[1]) * WHOLE_GPU + sum(left for left, _ in room[2]) if room is not None else 0


@dataclass(slots=True)
class States:
    """The one object of each state. States that no node is in are kept for a while: they come back."""

    by_key: dict[StateKey, State] = field(default_factory=dict)

    def of(self, key: StateKey) -> State:
        """The state with this key."""
        state = self.by_key.get(key)
        if state is None:
            state = self.by_key[key] = State(key)
        return state

    def forget_all_but(self, live: Iterable[State]) -> None:
        """Drop the states that no node is in."""
        self.by_key = {state.key: state for state in live}
