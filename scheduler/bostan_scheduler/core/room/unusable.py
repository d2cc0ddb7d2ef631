"""Fragmentation: how many free GPUs of a node the workload could not use, and what one more ask does to that.

The measure is that of "Beware of Fragmentation" (USENIX ATC '23): for each demand, what is free but of no use to it,
weighted by how common the demand is. A demand that does not fit at all can use nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.node import is_slice
from bostan_scheduler.core.room.ask import Ask
from bostan_scheduler.core.room.mix import Demand, Mix
from bostan_scheduler.core.room.rows import ASKER, NOBODY, Codes, Numbers, Rows, numbered, rows_of
from bostan_scheduler.core.room.state import State

CELLS_MAX = 1_000_000
"""How many numbers are worked on at once."""
STEP_MILLI = 40
"""Differences below this part of a GPU are left to the fit: the mix is not known better than that."""
_UNASKED = -(2**62)
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
    demands: "Table" = field(init=False)
    known: dict[State, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demands = self.mix.heaviest() if self.memories else []
        firms = numbered((one.firm for one, _ in demands if one.firm), first=1)
        self.codes = Codes(numbered(self.memories), firms)
        self.demands = table(demands, self.codes, self.memories)

    def after(self, ask: Ask, states: Sequence[State]) -> list[int]:
        """How much more is unusable after the ask has been met as well as can be, by state, in steps, rounded up."""
        if not self.demands.weights.size:
            return [0] * len(states)
        rows = rows_of(states, self._codes(ask))
        more = self._best_after(ask, rows) - self._before(states, rows)
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

    def _best_after(self, ask: Ask, rows: Rows) -> Numbers:
        rest = rows.without_cpus_of(ask)
        if ask.gpu_class is None:
            return self._measure(rest)
        kind = self.codes.classes[ask.gpu_class]
        if not ask.shares:
            return self._measure(without_whole(rest, kind, ask.gpus))
        firm = self._codes(ask).firms[ask.firm]
        choice = choices(rest, kind, firm, ask.needs.gpu_milli)
        values = self._measure(with_part(rest, choice, firm, ask.needs.gpu_milli))
        return np.minimum.reduceat(values, _begins(choice))

    def part(self, ask: Ask, state: State) -> int:
        """What is left now of the GPU that an ask for a part should go to; of equals, the one with the least left."""
        codes = self._codes(ask)
        rows = rows_of((state,), codes).without_cpus_of(ask)
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


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Demands as columns. Those that ask alike of each GPU share a `kind`: so much of it, of these classes, for this firm."""

    weights: Numbers
    gpus: Numbers
    cpus: Numbers
    memory_bytes: Numbers
    kind: Numbers
    milli: Numbers
    firm: Numbers
    admits: NDArray[np.bool_]

    def cells(self, width: int) -> int:
        """How many numbers a row of so many GPUs takes."""
        return max(width * len(self.milli), len(self.weights))

    def unusable(self, rows: Rows) -> Numbers:
        """For each row what each demand cannot use, weighted and summed."""
        mine = (rows.firm[:, :, None] == 0) | (rows.firm[:, :, None] == self.firm)
        usable = (rows.milli[:, :, None] >= self.milli) & self.admits[rows.kind] & mine
        count = usable.sum(axis=1)[:, self.kind]
        total = rows.milli.sum(axis=1)[:, None]
        useful = (rows.milli[:, :, None] * usable).sum(axis=1)[:, self.kind]
        fits = (
            (count >= self.gpus)
            & (rows.cpus[:, None] >= self.cpus)
            & (rows.memory_bytes[:, None] >= self.memory_bytes)
        )
        wasted: Numbers = (total - useful * fits) @ self.weights
        return wasted


def table(demands: Sequence[tuple[Demand, int]], codes: Codes, memories: Mapping[str, int]) -> Table:
    """The columns of some demands and their weights."""
    kinds = list(dict.fromkeys(_kind(demand) for demand, _ in demands))
    names = sorted(codes.classes)
    admits = [[_admits(kind, name, memories[name]) for kind in kinds] for name in names]
    return Table(
        weights=_numbers(weight for _, weight in demands),
        gpus=_numbers(one.needs.gpus * one.ranks for one, _ in demands),
        cpus=_numbers(_asked(one.needs.cpus, one.ranks) for one, _ in demands),
        memory_bytes=_numbers(_asked(one.needs.memory_bytes, one.ranks) for one, _ in demands),
        kind=_numbers(kinds.index(_kind(one)) for one, _ in demands),
        milli=_numbers(kind[0] for kind in kinds),
        firm=_numbers(codes.firms.get(kind[1], NOBODY) for kind in kinds),
        admits=np.array(admits, dtype=np.bool_).reshape(len(names), len(kinds)),
    )


def without_whole(rows: Rows, kind: int, gpus: int) -> Rows:
    """Less so many whole GPUs of a class."""
    whole = (rows.milli == WHOLE_GPU) & (rows.kind == kind)
    taken = whole & (np.cumsum(whole, axis=1) <= gpus)
    return Rows(np.where(taken, 0, rows.milli), rows.kind, rows.firm, rows.cpus, rows.memory_bytes)


def choices(rows: Rows, kind: int, firm: int, milli: int) -> Numbers:
    """Each (row, GPU) that could take a part: those that the firm shares, and of the whole ones the first."""
    of_kind = (rows.milli >= milli) & (rows.kind == kind)
    whole = of_kind & (rows.milli == WHOLE_GPU) & (rows.firm == 0)
    first = whole & (np.cumsum(whole, axis=1) == 1)
    return np.argwhere(first | (of_kind & (rows.firm == firm)))


def with_part(rows: Rows, choice: Numbers, firm: int, milli: int) -> Rows:
    """A row for each choice, with the part taken there."""
    after, lines = rows.pick(choice[:, 0]), np.arange(len(choice))
    after.milli[lines, choice[:, 1]] -= milli
    after.firm[lines, choice[:, 1]] = firm
    return after


def _begins(choice: Numbers) -> Numbers:
    """Where the choices of each row begin; every row has one, since it was found to fit."""
    return np.flatnonzero(np.diff(choice[:, 0], prepend=-1))


def _kind(demand: Demand) -> tuple[int, str, tuple[str, ...], int]:
    return demand.needs.gpu_milli, demand.firm, demand.gpu_classes, demand.min_gpu_memory_bytes


def _admits(kind: tuple[int, str, tuple[str, ...], int], gpu_class: str, memory_bytes: int) -> bool:
    return gpu_class in kind[2] if kind[2] else memory_bytes >= kind[3] and not is_slice(gpu_class)


def _asked(amount: int | None, ranks: int) -> int:
    return _UNASKED if amount is None else amount * ranks


def _numbers(values: Iterable[int]) -> Numbers:
    return np.array(list(values), dtype=np.int64)
