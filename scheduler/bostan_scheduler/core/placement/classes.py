"""Which GPU classes a shape may run on, the best first."""

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.snapshot import ClassFacts, Snapshot
from bostan_scheduler.core.speed import speed_of

_UNKNOWN = ClassFacts()


def classes_for(snapshot: Snapshot, ledger: Ledger, shape: Shape) -> tuple[str, ...]:
    """The user's own order when there is one; else the fastest first, then the cheapest, then the smallest that does."""
    if shape.gpu_classes:
        return shape.gpu_classes
    by_size = ledger.classes(shape.min_gpu_memory_bytes)
    return tuple(sorted(by_size, key=lambda one: _speed_and_price(snapshot, shape, one)))


def _speed_and_price(snapshot: Snapshot, shape: Shape, gpu_class: str) -> tuple[float, int]:
    facts = snapshot.classes.get(gpu_class, _UNKNOWN)
    return -speed_of(snapshot.classes, shape, gpu_class), facts.su_milli
