"""Which GPU classes a shape may run on, the best first."""

from itertools import groupby

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.node import is_slice
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.snapshot import ClassFacts, Snapshot
from bostan_scheduler.core.speed import speed_of

_UNKNOWN = ClassFacts()


def classes_for(snapshot: Snapshot, ledger: Ledger, shape: Shape) -> tuple[str, ...]:
    """The classes in order; of those that are equally good, the one of which the largest part is free comes first."""
    return tuple(gpu_class for equals in equals_for(snapshot, ledger, shape) for gpu_class in equals)


def equals_for(snapshot: Snapshot, ledger: Ledger, shape: Shape) -> tuple[tuple[str, ...], ...]:
    """The classes in groups that are equally good, the best group first.

    The user's own order when there is one: no two are equal then. Else the fastest first, then the cheapest, then
    those with the smallest memory that does; slices of a GPU only where they are named.
    """
    if shape.gpu_classes:
        return tuple((gpu_class,) for gpu_class in shape.gpu_classes)
    rated = sorted(
        (*_merit(snapshot, shape, gpu_class), memory_bytes, -ledger.sizes[gpu_class].free_tenths, gpu_class)
        for gpu_class, memory_bytes in ledger.memories().items()
        if memory_bytes >= shape.min_gpu_memory_bytes and not is_slice(gpu_class)
    )
    return tuple(tuple(one[-1] for one in equals) for _, equals in groupby(rated, key=lambda one: one[:3]))


def _merit(snapshot: Snapshot, shape: Shape, gpu_class: str) -> tuple[float, int]:
    """Speed and price: the lower the better."""
    facts = snapshot.classes.get(gpu_class, _UNKNOWN)
    return -speed_of(snapshot.classes, shape, gpu_class), facts.su_milli
