"""What placement finds."""

from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Place


@dataclass(frozen=True, slots=True)
class Placement:
    """A whole gang's places in one park. The lower its `cost`, the better it is than another of the same shape."""

    park: str
    places: tuple[Place, ...]
    cost: tuple[int, ...] = field(default=(), compare=False)

    @property
    def node_ids(self) -> tuple[str, ...]:
        """Its nodes, each once, in rank order."""
        return tuple(dict.fromkeys(place.node_id for place in self.places))
