"""The default: what firms are guaranteed first, then whatever sets most jobs free soonest."""

from dataclasses import dataclass
from typing import ClassVar

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.order.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Service:
    """Leaves below their guarantee by their share of it; then remaining service, with ageing.

    `ageing` is how many seconds of the whole pool's work one second of waiting is worth: a job is passed only by
    those that came at most `pool seconds / ageing` later.
    """

    ageing: float = 0.001
    gain: Gain | None = Gain(ratio=2.0, min_run_seconds=1800, ageing=0.001)
    urgency: Urgency | None = Urgency()
    passes: ClassVar[bool] = True
    reserves: ClassVar[bool] = True

    def leaf_key(self, standing: Standing, shape: Shape) -> Key:
        """What is owed comes first, to the leaf that has had least."""
        return (0.0, standing.fair_share) if standing.owed(shape) else (1.0, 0.0)

    def job_key(self, ask: Ask) -> float:
        """Remaining service of the whole pool in seconds, and `ageing` for each second that it came later."""
        return ask.pool_seconds + self.ageing * ask.submitted_at / 1000
