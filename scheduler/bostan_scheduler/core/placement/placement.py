"""What placement finds."""

from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Place


@dataclass(frozen=True, slots=True)
class Placement:
    """A whole gang's places in one park. The lower its `cost`, the better it is than another of the same shape."""

    park: str
    places: tuple[Place, ...]
    cost: tuple[int, ...] = field(default=(), compare=False)
