"""States as rows of numbers, so that many are reckoned at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.room.state import State

Numbers = NDArray[np.int64]
NOBODY = -1
"""The code of a firm that no demand names."""
ASKER = -2
"""The same, for the firm that asks."""


class Codes(NamedTuple):
    """Numbers for names. Firm 0 stands for a GPU that is nobody's yet."""

    classes: Mapping[str, int]
    firms: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A row for each state, a column for each GPU with something left: `milli`, `kind` (its class) and `firm`."""

    milli: Numbers
    kind: Numbers
    firm: Numbers
    cpus: Numbers
    memory_bytes: Numbers

    def pick(self, rows: Numbers) -> "Rows":
        """Some of the rows, each as often as it is named."""
        return Rows(
            self.milli[rows], self.kind[rows], self.firm[rows], self.cpus[rows], self.memory_bytes[rows]
        )

    def less(self, cpus: int | Numbers, memory_bytes: int | Numbers) -> "Rows":
        """Less so many CPUs and so much memory, or row by row."""
        return replace(self, cpus=self.cpus - cpus, memory_bytes=self.memory_bytes - memory_bytes)


def rows_of(states: Sequence[State], codes: Codes) -> Rows:
    """The states in this order; what is not there is 0."""
    lines = [_gpus(state, codes) for state in states]
    width = max(1, max((len(line) for line in lines), default=0))
    table = np.zeros((len(lines), width, 3), dtype=np.int64)
    for position, line in enumerate(lines):
        if line:
            table[position, : len(line)] = line
    cpus = np.array([state.cpus for state in states], dtype=np.int64)
    memory_bytes = np.array([state.memory_bytes for state in states], dtype=np.int64)
    return Rows(table[:, :, 0], table[:, :, 1], table[:, :, 2], cpus, memory_bytes)


def _gpus(state: State, codes: Codes) -> list[tuple[int, int, int]]:
    """Whole ones first, class by class."""
    line: list[tuple[int, int, int]] = []
    for gpu_class, groups, parts in state.key[0]:
        kind = codes.classes[gpu_class]
        line += [(WHOLE_GPU, kind, 0)] * sum(groups)
        line += [(left, kind, codes.firms.get(firm, NOBODY)) for left, firm in parts]
    return line


def without_whole(rows: Rows, kind: int, gpus: Numbers) -> Rows:
    """Less so many whole GPUs of a class, row by row."""
    whole = (rows.milli == WHOLE_GPU) & (rows.kind == kind)
    taken = whole & (np.cumsum(whole, axis=1) <= gpus[:, None])
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


def numbered(names: Iterable[str], first: int = 0) -> dict[str, int]:
    """Names in the order of the alphabet with numbers from `first` on."""
    return {name: number for number, name in enumerate(sorted(set(names)), first)}
