"""The firm that has had least of its guarantee, now and lately, is next; within a firm, who came first."""

from dataclasses import dataclass
from typing import ClassVar

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.order.urgency import Urgency


@dataclass(frozen=True, slots=True)
class FairShare:
    """By weighted dominant share with decayed usage, then by time of submission."""

    gain: Gain | None = None
    urgency: Urgency | None = None
    passes: ClassVar[bool] = True
    reserves: ClassVar[bool] = True

    def leaf_key(self, standing: Standing, shape: Shape) -> Key:
        """Its share of its guarantee."""
        return (standing.fair_share,)

    def job_key(self, ask: Ask) -> float:
        """The instant of its submission."""
        return ask.submitted_at / 1000
