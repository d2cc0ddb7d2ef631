"""The states that an ask fits, best first: where it makes the fewest GPUs unusable, then where it fits tightest."""

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.room.ask import Ask
from bostan_scheduler.core.room.buckets import Births, Bucket, Buckets
from bostan_scheduler.core.room.nearby import Nearby
from bostan_scheduler.core.room.state import STATES_KEPT, State, StateKey
from bostan_scheduler.core.room.unusable import Unusable

Score = tuple[int, int, int, int]
"""GPUs made unusable; whether links are split, or the ranks without GPUs there; GPUs and CPUs, then memory left over."""
Entry = tuple[Score, StateKey, State]

_NOTHING = Births()


@dataclass(slots=True, eq=False)
class Ranking:
    """Kept sorted: states that come up are put in when it is next read, those that nobody is in drop out when met."""

    ask: Ask
    buckets: Buckets
    unusable: Unusable
    entries: list[Entry] = field(default_factory=list)
    listed: set[State] = field(default_factory=set)
    scores: dict[State, Score] = field(default_factory=dict)
    parts: dict[State, int] = field(default_factory=dict)
    nearby: Nearby = field(default_factory=Nearby)
    read: int = 0
    volume: int = 0

    def best_first(self) -> Iterator[tuple[Score, State, Bucket]]:
        """The states with their nodes. The ledger must stand still meanwhile."""
        self._catch_up()
        live, position = self.buckets.of_class.get(self.ask.gpu_class, {}), 0
        while position < len(self.entries):
            score, _, state = self.entries[position]
            bucket = live.get(state)
            if bucket is None:
                del self.entries[position]
                self.listed.discard(state)
            else:
                position += 1
                yield score, state, bucket

    def part(self, state: State) -> int:
        """What is left now of the GPU that one part is best taken of, on a node in this state."""
        left = self.parts.get(state)
        if left is None:
            if len(self.parts) > STATES_KEPT:
                self.parts.clear()
            left = self.parts[state] = self.unusable.part(self.ask, state)
        return left

    def _catch_up(self) -> None:
        births = self.buckets.births.get(self.ask.gpu_class, _NOTHING)
        if births.volume != self.volume:
            self.read, self.volume = 0, births.volume
        if self.read == len(births.states):
            return
        live, fresh = self.buckets.of_class[self.ask.gpu_class], births.states[self.read :]
        self.read = len(births.states)
        new = [state for state in dict.fromkeys(fresh) if state in live and state not in self.listed]
        self._list([state for state in new if self.ask.fits(state)])

    def _list(self, states: Sequence[State]) -> None:
        unknown = [state for state in states if state not in self.scores]
        if unknown:
            if len(self.scores) > STATES_KEPT:
                self.scores.clear()
                unknown = list(states)
            gradients = self.unusable.after(self.ask, unknown)
            for state, gradient in zip(unknown, gradients, strict=True):
                self.scores[state] = (gradient, *_fit(self.ask, state, self.unusable.cpus_a_gpu))
        for state in states:
            self.listed.add(state)
            insort(self.entries, (self.scores[state], state.key, state))


def _fit(ask: Ask, state: State, cpus_a_gpu: int) -> tuple[int, int, int]:
    """How tightly it fits, apart from what becomes unusable."""
    cpus = state.cpus - ask.cpus if ask.needs.cpus is not None else 0
    memory_bytes = state.memory_bytes - ask.memory_bytes if ask.needs.memory_bytes is not None else 0
    if ask.gpu_class is None:
        left = sum(state.milli(gpu_class) for gpu_class in state.rooms)
        spread = state.loose if ask.needs.cpus is None else 0
    else:
        left = state.milli(ask.gpu_class) - ask.gpus * ask.needs.gpu_milli
        spread = _splits(ask, state, ask.gpu_class)
    return spread, left * cpus_a_gpu + cpus * WHOLE_GPU, memory_bytes


def _splits(ask: Ask, state: State, gpu_class: str) -> int:
    """1 when some rank's GPUs could not all be linked."""
    if ask.needs.gpus == 1:
        return 0
    return int(sum(group // ask.needs.gpus for group in state.rooms[gpu_class][1]) < ask.ranks)
