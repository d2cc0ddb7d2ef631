"""What a job still wants, as far as an order looks at it."""

from typing import NamedTuple

from bostan_scheduler.core.instant import Instant


class Ask(NamedTuple):
    """One for every job that waits or runs, so that it must be quick to make: hence a tuple. Of equals
    the one that came first is smaller.

    `estimate_seconds` is what it takes in all and `remaining_seconds` what is left of that, both at speed 1 on `gpus`
    GPUs of a pool of `pool_gpus`, slices as the parts that they are. `fair_at_seconds` is what the fair clock said when it was submitted.
    `guessed` says that the estimate is what is thought of any job, since nothing is known of this one.
    """

    submitted_at: Instant
    job_id: str
    fair_at_seconds: float
    gpus: float
    pool_gpus: float
    estimate_seconds: float
    remaining_seconds: float
    guessed: bool = False

    @property
    def pool_seconds(self) -> float:
        """How long the whole pool would be busy with what is left."""
        return self.remaining_seconds * self.gpus / self.pool_gpus
