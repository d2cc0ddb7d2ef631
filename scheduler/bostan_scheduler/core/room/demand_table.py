"""Demands as columns of numbers, so that what is of use to each is reckoned for all of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bostan_scheduler.core.node import is_slice
from bostan_scheduler.core.room.mix import Demand
from bostan_scheduler.core.room.rows import NOBODY, Codes, Numbers, Rows

_UNASKED = -(2**62)


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


def _kind(demand: Demand) -> tuple[int, str, tuple[str, ...], int]:
    return demand.needs.gpu_milli, demand.firm, demand.gpu_classes, demand.min_gpu_memory_bytes


def _admits(kind: tuple[int, str, tuple[str, ...], int], gpu_class: str, memory_bytes: int) -> bool:
    return gpu_class in kind[2] if kind[2] else memory_bytes >= kind[3] and not is_slice(gpu_class)


def _asked(amount: int | None, ranks: int) -> int:
    return _UNASKED if amount is None else amount * ranks


def _numbers(values: Iterable[int]) -> Numbers:
    return np.array(list(values), dtype=np.int64)
