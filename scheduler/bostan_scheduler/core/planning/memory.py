"""What is known not to start until something grows: so that a plan looks only at what may have changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Fit, Shape
from bostan_scheduler.core.planning.queue import Pair


@dataclass(slots=True)
class Memory:
    """By GPU class: what has no room, until GPUs come back; and which pairs have no quota left, until some is given back."""

    full: dict[str | None, set[Fit | Shape]] = field(default_factory=dict)
    over: dict[str, set[Pair]] = field(default_factory=dict)
    barred: set[Pair] = field(default_factory=set)

    def no_room(self, fit: Fit | Shape, gpu_class: str | None) -> None:
        """Nothing of this fit has room in the class."""
        self.full.setdefault(gpu_class, set()).add(fit)

    def no_quota(self, pair: Pair, gpu_class: str) -> None:
        """The leaf has no quota left for this shape in the class."""
        self.over.setdefault(gpu_class, set()).add(pair)

    def is_full(self, fit: Fit | Shape, gpu_class: str | None) -> bool:
        """Whether it is known to have no room there."""
        return fit in self.full.get(gpu_class, ())

    def is_over(self, pair: Pair, gpu_class: str | None) -> bool:
        """Whether it is known to have no quota there."""
        return gpu_class is not None and pair in self.over.get(gpu_class, ())

    def grow_room(self, classes: Iterable[str | None]) -> None:
        """GPUs, CPUs or memory came back on nodes with these classes."""
        for gpu_class in classes:
            self.full.pop(gpu_class, None)

    def grow_quota(self, gpu_class: str) -> None:
        """Some quota of the class was given back."""
        self.over.pop(gpu_class, None)

    def forget_room(self) -> None:
        """What has no room is not known any more."""
        self.full.clear()
