"""States as rows of numbers, so that many are reckoned at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.room.ask import Ask
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

    def without_cpus_of(self, ask: Ask) -> "Rows":
        """Less the CPUs and memory of an ask."""
        return replace(self, cpus=self.cpus - ask.cpus, memory_bytes=self.memory_bytes - ask.memory_bytes)


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


def numbered(names: Iterable[str], first: int = 0) -> dict[str, int]:
    """Names in the order of the alphabet with numbers from `first` on."""
    return {name: number for number, name in enumerate(sorted(set(names)), first)}
