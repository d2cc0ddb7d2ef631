"""What asks for whole GPUs make unusable, remembered; and found for many asks at once when a state comes up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from bostan_scheduler.core.room.ask import Ask
from bostan_scheduler.core.room.state import STATES_KEPT, State

AT_ONCE_MAX = 32
"""For how many asks, those that came last, a state is looked at though only one of them wants to know."""
WANTED_KEPT = 2_000


class Wanted(NamedTuple):
    """All that an ask for whole GPUs wants of a node: asks that want as much in all are alike."""

    gpu_class: str | None
    gpus: int
    cpus: int
    memory_bytes: int


Reckon = Callable[[Sequence[Wanted], Sequence[State]], list[list[int]]]
"""How much more is unusable after each of these was met, state by state; all want the same class."""


@dataclass(slots=True, eq=False)
class Wholes:
    """By what was wanted, and by state; who asked last comes last."""

    known: dict[Wanted, dict[State, int]] = field(default_factory=dict)

    def after(self, ask: Ask, states: Sequence[State], reckon: Reckon) -> list[int]:
        """How much more is unusable after the ask, by state."""
        assert not ask.shares, "parts are reckoned one by one"
        wanted = Wanted(ask.gpu_class, ask.gpus, ask.cpus, ask.memory_bytes)
        known = self._asked(wanted)
        if len(known) > STATES_KEPT:
            known.clear()
        fresh = [state for state in states if state not in known]
        if fresh:
            self._learn(wanted.gpu_class, fresh, reckon)
        return [known[state] for state in states]

    def _asked(self, wanted: Wanted) -> dict[State, int]:
        known = self.known.pop(wanted, None)
        if known is None:
            if len(self.known) >= WANTED_KEPT:
                self.known.clear()
            known = {}
        self.known[wanted] = known
        return known

    def _learn(self, gpu_class: str | None, states: Sequence[State], reckon: Reckon) -> None:
        of_class = (wanted for wanted in reversed(self.known) if wanted.gpu_class == gpu_class)
        asked = list(islice(of_class, AT_ONCE_MAX))
        for wanted, gradients in zip(asked, reckon(asked, states), strict=True):
            self.known[wanted].update(zip(states, gradients, strict=True))
