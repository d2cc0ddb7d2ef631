"""First come, first served, and nobody is passed: whoever waits for room holds up all that came later."""

from dataclasses import dataclass
from typing import ClassVar

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.order.urgency import Urgency


@dataclass(frozen=True, slots=True)
class StrictFifo:
    """By time of submission, firms below their guarantee first; no job starts on a GPU class that one before it waits for.

    What a firm is guaranteed it can always get back: so its jobs are not held up by those of firms that only borrow.
    Nobody takes what the longest waiting wait for, so that nothing need be promised to them.
    """

    gain: Gain | None = None
    urgency: Urgency | None = None
    passes: ClassVar[bool] = False
    reserves: ClassVar[bool] = False

    def leaf_key(self, standing: Standing, shape: Shape) -> Key:
        """Whether the leaf holds all that it is guaranteed: alike for all its jobs, so that none passes another."""
        return (float(not any(standing.owed_in(1, one) for one in standing.leaf.gpus)),)

    def job_key(self, ask: Ask) -> float:
        """The instant of its submission."""
        return ask.submitted_at / 1000
