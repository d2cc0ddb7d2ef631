"""The job with the smallest remaining service first, over all firms."""

from dataclasses import dataclass
from typing import ClassVar

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.order.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Srsf:
    """By remaining time x GPUs (SRSF; Tiresias, NSDI'19); any gain is worth a preemption.

    As it was published: nothing is promised to long jobs, however long they wait.
    """

    gain: Gain | None = Gain(ratio=1.0, min_run_seconds=0)
    urgency: Urgency | None = None
    passes: ClassVar[bool] = True
    reserves: ClassVar[bool] = False

    def leaf_key(self, standing: Standing, shape: Shape) -> Key:
        """No leaf comes before another."""
        return ()

    def job_key(self, ask: Ask) -> float:
        """The seconds that the whole pool would be busy with it."""
        return ask.pool_seconds
