"""First come, first served, over all firms."""

from dataclasses import dataclass
from typing import ClassVar

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.order.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Fifo:
    """By time of submission; whoever does not fit is passed."""

    gain: Gain | None = None
    urgency: Urgency | None = None
    passes: ClassVar[bool] = True
    reserves: ClassVar[bool] = True

    def leaf_key(self, standing: Standing, shape: Shape) -> Key:
        """No leaf comes before another."""
        return ()

    def job_key(self, ask: Ask) -> float:
        """The instant of its submission."""
        return ask.submitted_at / 1000
