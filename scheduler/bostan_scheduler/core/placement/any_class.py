"""Of several classes that are equally good for a gang, the one to take."""

from collections.abc import Iterable, Mapping, Sequence

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.placement.place import NO_LIMITS, place
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.room.ledger import Ledger


def place_in_any(
    ledger: Ledger, shape: Shape, gpu_classes: Iterable[str], limits: Mapping[str, int] = NO_LIMITS
) -> tuple[str, Placement] | None:
    """The best placement on any of some classes that are equally good for the job, and its class; else None."""
    found = ((gpu_class, place(ledger, shape, gpu_class, limits)) for gpu_class in sorted(set(gpu_classes)))
    return best_of(ledger, [(gpu_class, one) for gpu_class, one in found if one is not None])


def best_of(ledger: Ledger, found: Sequence[tuple[str, Placement]]) -> tuple[str, Placement] | None:
    """The best of placements of one gang on several classes; None when there are none.

    Of those that take as few nodes, as near each other, it is the one that makes the fewest GPUs unusable, on a class
    of which much is free, so that none runs out before the others: a tenth of a class weighs as much as a step of what
    is unusable.
    """
    return min(found, key=lambda one: _cost(ledger, *one), default=None)


def _cost(ledger: Ledger, gpu_class: str, placement: Placement) -> tuple[int, int, int, tuple[int, ...], str]:
    nodes, within, steps, *fit = placement.cost
    return nodes, within, steps - ledger.sizes[gpu_class].free_tenths, tuple(fit), gpu_class
