"""Parts of GPUs on a node where only so many GPUs may be taken: how many fit, and on which GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bostan_scheduler.core.job import WHOLE_GPU, Shape
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.limit import Limit


@dataclass(frozen=True, slots=True)
class Allowance:
    """A gang may take parts of `milli` of `gpus` more GPUs, and of those in `taken`: each counts once, however many share it.

    `left` is what each GPU has left for its firm, in thousandths.
    """

    milli: int
    gpus: int
    left: Mapping[str, int]
    taken: frozenset[str]

    @classmethod
    def on(cls, ledger: Ledger, node_id: str, gpu_class: str, shape: Shape, limit: int) -> Self:
        """As things stand; nothing of a node that is not open."""
        room = ledger.rooms[node_id]
        if gpu_class not in room.gpus:
            return cls(shape.rank.gpu_milli, limit, {}, frozenset())
        shared = {uuid: left for left, uuid in room.shared(gpu_class, shape.firm, ledger.held)}
        whole = {uuid: WHOLE_GPU for group in room.free(gpu_class, ledger.held) for uuid in group}
        beside = limit.beside if isinstance(limit, Limit) else frozenset[str]()
        return cls(shape.rank.gpu_milli, limit, shared | whole, beside & shared.keys())

    @property
    def ranks(self) -> int:
        """How many parts fit, on the GPUs that have the most room."""
        fits = {uuid: left // self.milli for uuid, left in self.left.items()}
        others = sorted((fits[uuid] for uuid in fits if uuid not in self.taken), reverse=True)
        return sum(fits[uuid] for uuid in self.taken) + sum(others[: max(0, self.gpus)])

    def less(self, uuid: str) -> Self:
        """What may be taken beside a part of a GPU."""
        gpus = self.gpus if uuid in self.taken else self.gpus - 1
        left = {**self.left, uuid: self.left[uuid] - self.milli}
        return type(self)(self.milli, gpus, left, self.taken | {uuid})

    def allows(self, uuid: str, more: int) -> bool:
        """Whether a part of a GPU may be taken such that so many more fit."""
        after = self.less(uuid)
        return after.gpus >= 0 and after.ranks >= more


def ranks_within(ledger: Ledger, node_id: str, gpu_class: str, shape: Shape, limit: int) -> int:
    """How many ranks of a shape fit on a node where so many GPUs may be taken, CPUs and memory aside."""
    assert shape.rank.gpus, "ranks without GPUs are not limited"
    if shape.rank.gpu_milli == WHOLE_GPU:
        return max(0, limit) // shape.rank.gpus
    return Allowance.on(ledger, node_id, gpu_class, shape, limit).ranks
