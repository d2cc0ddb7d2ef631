"""What a park has of a GPU class, counted as nodes come, change and go."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.counts import count

Pool = tuple[str, str]
"""A park and a GPU class."""


@dataclass(slots=True)
class PoolSize:
    """How many GPUs of a class a park or all parks have, in all and free; its nodes by how many they have; and how many are away.

    A GPU that is shared does not count as free.
    """

    gpus: int = 0
    free: int = 0
    nodes_away: int = 0
    nodes_of: Counter[int] = field(default_factory=Counter)
    memories: Counter[int] = field(default_factory=Counter)

    @property
    def nodes(self) -> int:
        """Nodes with at least one."""
        return self.nodes_of.total()

    @property
    def memory_bytes(self) -> int:
        """The most memory that one of them has."""
        return max(self.memories, default=0)

    @property
    def free_tenths(self) -> int:
        """How much of it is free, in tenths, rounded down."""
        return 10 * self.free // self.gpus if self.gpus else 0

    def ranks(self, gpus: int) -> int:
        """How many ranks of so many GPUs it would hold if all were free."""
        assert gpus > 0, "a rank without GPUs needs no pool"
        return sum(nodes * (size // gpus) for size, nodes in self.nodes_of.items())

    def add(self, memories: Iterable[int], is_open: bool, step: int = 1) -> None:
        """A node with GPUs of these memories comes, or goes when `step` is -1."""
        assert step in (1, -1)
        for memory_bytes in memories:
            self.gpus += step
            count(self.memories, memory_bytes, step)
        count(self.nodes_of, len(list(memories)), step)
        self.nodes_away += 0 if is_open else step
