"""Who holds the GPUs of a park, counted as attempts come and go."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.counts import count
from bostan_scheduler.core.room.pool import Pool

NOBODY: Mapping[str, int] = {}


@dataclass(slots=True)
class Holders:
    """How many GPUs each firm holds, by park and class."""

    of_pool: dict[Pool, Counter[str]] = field(default_factory=dict)

    def of(self, park: str, gpu_class: str) -> Mapping[str, int]:
        """The firms that hold GPUs of a class in a park, and how many."""
        return self.of_pool.get((park, gpu_class), NOBODY)

    def count(self, attempt: Attempt, step: int) -> None:
        """An attempt comes, or goes when `step` is -1."""
        assert step in (1, -1)
        if attempt.gpu_class is None:
            return
        pool = attempt.park, attempt.gpu_class
        firms = self.of_pool.setdefault(pool, Counter())
        count(firms, attempt.firm, step * attempt.gpus)
        if not firms:
            del self.of_pool[pool]
