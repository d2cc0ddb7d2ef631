"""Fragmentation: how many free GPUs of a node the workload could not use, and what one more ask does to that.

The measure is that of "Beware of Fragmentation" (USENIX ATC '23): for each demand, what is free but of no use to it,
weighted by how common the demand is. A demand that does not fit at all can use nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.room.ask import Ask
from bostan_scheduler.core.room.demand_table import Table, table
from bostan_scheduler.core.room.mix import Mix
from bostan_scheduler.core.room.rows import (
    ASKER,
    NOBODY,
    Codes,
    Numbers,
    Rows,
    choices,
    numbered,
    rows_of,
    with_part,
    without_whole,
)
from bostan_scheduler.core.room.state import State
from bostan_scheduler.core.room.wholes import Wanted, Wholes

CELLS_MAX = 1_000_000
"""How many numbers are worked on at once."""
STEP_MILLI = 40
"""Differences below this part of a GPU are left to the fit: the mix is not known better than that."""
_SCALE = 2 * WHOLE_GPU


@dataclass(slots=True, eq=False)
class Unusable:
    """The measure for one mix and the classes that there are, with the most memory of each.

    `cpus_a_gpu` is how many CPUs weigh as much as a GPU where it comes to how tightly something fits.
    """

    mix: Mix
    memories: Mapping[str, int]
    cpus_a_gpu: int
    codes: Codes = field(init=False)
    demands: Table = field(init=False)
    known: dict[State, int] = field(default_factory=dict)
    wholes: Wholes = field(default_factory=Wholes)

    def __post_init__(self) -> None:
        demands = self.mix.heaviest() if self.memories else []
        firms = numbered((one.firm for one, _ in demands if one.firm), first=1)
        self.codes = Codes(numbered(self.memories), firms)
        self.demands = table(demands, self.codes, self.memories)

    def after(self, ask: Ask, states: Sequence[State]) -> list[int]:
        """How much more is unusable after the ask has been met as well as can be, by state, in steps, rounded up."""
        if not self.demands.weights.size:
            return [0] * len(states)
        if ask.shares:
            return self._after_part(ask, states)
        return self.wholes.after(ask, states, self._after_wholes)

    def _after_wholes(self, asked: Sequence[Wanted], states: Sequence[State]) -> list[list[int]]:
        """Each ask on each state, all at once."""
        rows, kind = rows_of(states, self.codes), self.codes.classes.get(asked[0].gpu_class or "", NOBODY)
        gpus, cpus, memory_bytes = np.repeat([one[1:] for one in asked], len(states), axis=0).T
        rest = rows.pick(np.tile(np.arange(len(states)), len(asked))).less(cpus, memory_bytes)
        more = self._measure(without_whole(rest, kind, gpus)).reshape(len(asked), -1) - self._before(
            states, rows
        )
        return [self._steps(of_ask) for of_ask in more]

    def _after_part(self, ask: Ask, states: Sequence[State]) -> list[int]:
        assert ask.gpu_class is not None, "a part is of some class"
        codes = self._codes(ask)
        rows, firm, milli = rows_of(states, codes), codes.firms[ask.firm], ask.needs.gpu_milli
        rest = rows.less(ask.cpus, ask.memory_bytes)
        choice = choices(rest, codes.classes[ask.gpu_class], firm, milli)
        values = self._measure(with_part(rest, choice, firm, milli))
        return self._steps(np.minimum.reduceat(values, _begins(choice)) - self._before(states, rows))

    def _steps(self, more: Numbers) -> list[int]:
        step = int(self.demands.weights.sum()) * STEP_MILLI
        steps: list[int] = (-(-more // step)).tolist()
        return steps

    def _before(self, states: Sequence[State], rows: Rows) -> Numbers:
        fresh = [position for position, state in enumerate(states) if state not in self.known]
        if fresh:
            values = self._measure(rows.pick(np.array(fresh, dtype=np.int64)))
            self.known.update(
                (states[position], int(value)) for position, value in zip(fresh, values, strict=True)
            )
        return np.array([self.known[state] for state in states], dtype=np.int64)

    def part(self, ask: Ask, state: State) -> int:
        """What is left now of the GPU that an ask for a part should go to; of equals, the one with the least left."""
        codes = self._codes(ask)
        rows = rows_of((state,), codes).less(ask.cpus, ask.memory_bytes)
        assert ask.gpu_class is not None
        firm, milli = codes.firms[ask.firm], ask.needs.gpu_milli
        choice = choices(rows, codes.classes[ask.gpu_class], firm, milli)
        left = rows.milli[choice[:, 0], choice[:, 1]]
        values = self._measure(with_part(rows, choice, firm, milli)) * _SCALE + left
        return int(left[int(np.argmin(values))])

    def _codes(self, ask: Ask) -> Codes:
        """With a code for the firm that asks, which no demand need name."""
        return Codes(self.codes.classes, {ask.firm: ASKER, **self.codes.firms})

    def _measure(self, rows: Rows) -> Numbers:
        """Thousandths of GPUs that are of no use, times the weights; for a bounded number of rows at once."""
        if not self.demands.weights.size:
            return np.zeros(len(rows.cpus), dtype=np.int64)
        at_once = max(1, CELLS_MAX // self.demands.cells(rows.milli.shape[1]))
        many = np.arange(len(rows.cpus), dtype=np.int64)
        pieces = [
            self.demands.unusable(rows.pick(many[begin : begin + at_once]))
            for begin in range(0, len(many), at_once)
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)


def _begins(choice: Numbers) -> Numbers:
    """Where the choices of each row begin; every row has one, since it was found to fit."""
    return np.flatnonzero(np.diff(choice[:, 0], prepend=-1))
