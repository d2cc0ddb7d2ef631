"""What a node is asked to hold: so many ranks at once, whoever asks."""

from dataclasses import dataclass

from bostan_scheduler.core.job import WHOLE_GPU, RankNeeds, Shape
from bostan_scheduler.core.room.state import State

ANY_NUMBER = 1_000_000
"""How many ranks fit that ask for nothing that is accounted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`ranks` ranks of these needs, on GPUs of one class or on none. `firm` only where it matters: for parts of a GPU."""

    gpu_class: str | None
    needs: RankNeeds
    ranks: int
    firm: str = ""

    def __post_init__(self) -> None:
        assert self.ranks > 0
        assert (self.gpu_class is None) == (self.needs.gpus == 0), "ranks with GPUs name their class"

    @property
    def shares(self) -> bool:
        """Whether each rank wants a part of a GPU only."""
        return self.needs.gpu_milli < WHOLE_GPU

    @property
    def gpus(self) -> int:
        """GPUs of all its ranks."""
        return self.ranks * self.needs.gpus

    @property
    def cpus(self) -> int:
        """CPUs of all its ranks, as far as they are accounted."""
        return self.ranks * (self.needs.cpus or 0)

    @property
    def memory_bytes(self) -> int:
        """Memory of all its ranks, as far as it is accounted."""
        return self.ranks * (self.needs.memory_bytes or 0)

    def fits(self, state: State) -> bool:
        """Whether all its ranks fit on a node in this state."""
        if self.gpu_class is not None and not self.shares:
            room = state.rooms.get(self.gpu_class)
            if room is None or sum(room[1]) < self.gpus:
                return False
        return self.ranks_in(state) >= self.ranks

    def ranks_in(self, state: State) -> int:
        """How many such ranks fit on a node in this state."""
        limits = []
        if self.gpu_class is not None:
            limits.append(self._ranks_by_gpus(state, self.gpu_class))
        if self.needs.cpus is not None:
            limits.append(state.cpus // self.needs.cpus)
        if self.needs.memory_bytes is not None:
            limits.append(state.memory_bytes // self.needs.memory_bytes)
        return max(0, min(limits, default=ANY_NUMBER))

    def _ranks_by_gpus(self, state: State, gpu_class: str) -> int:
        whole = state.whole(gpu_class)
        if not self.shares:
            return whole // self.needs.gpus
        milli = self.needs.gpu_milli
        shared = sum(left // milli for left in state.parts(gpu_class, self.firm))
        return whole * (WHOLE_GPU // milli) + shared


def ask_of(shape: Shape, gpu_class: str | None, ranks: int) -> Ask:
    """So many ranks of a shape on one node."""
    firm = shape.firm if shape.rank.gpu_milli < WHOLE_GPU else ""
    return Ask(gpu_class, shape.rank, ranks, firm)
