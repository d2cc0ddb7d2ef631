"""Jobs that must not wait: those on the critical path, and those that would end later than is fair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import fsum

from bostan_scheduler.core.order.ask import Ask


@dataclass(frozen=True, slots=True)
class Urgency:
    """A bounded share of the pool for each kind, so that a wrong estimate cannot turn the order over.

    A job is critical when what is left of it takes at least `critical_factor` times as long as all that is left of
    all jobs would take on the whole pool: if it does not run now, the last job ends later (critical path first). A
    job is late when, at the pace of a pool that is shared evenly, it cannot end within `fairness` times its
    estimate any more (finish-time fairness; Themis, NSDI'20).
    """

    critical_share: float = 0.2
    critical_factor: float = 1.0
    late_share: float = 0.4
    fairness: float = 1.0

    def choose(
        self, asks: Iterable[Ask], pool_gpus: int, fair_seconds: float, rate: float
    ) -> tuple[str, ...]:
        """The urgent jobs, the most urgent first: the critical ones, then the late ones."""
        all_of_them = tuple(asks)
        critical = dict.fromkeys(
            _within(self._critical(all_of_them, pool_gpus), self.critical_share * pool_gpus)
        )
        late = [one for one in self._late(all_of_them, fair_seconds, rate) if one.job_id not in critical]
        return (*critical, *_within(late, self.late_share * pool_gpus))

    def _critical(self, asks: tuple[Ask, ...], pool_gpus: int) -> list[Ask]:
        work = fsum(one.remaining_seconds * one.gpus for one in asks)
        least = self.critical_factor * work / pool_gpus
        critical = (one for one in asks if one.remaining_seconds >= least)
        return sorted(critical, key=lambda one: (-one.remaining_seconds, one))

    def _late(self, asks: Iterable[Ask], fair_seconds: float, rate: float) -> list[Ask]:
        """`deadline = came + fairness x estimate`, less what is left at the pace of the fair clock."""
        late = [
            (deadline, one)
            for one in asks
            if (deadline := one.fair_at_seconds + self.fairness * one.estimate_seconds)
            <= fair_seconds + one.remaining_seconds * rate
        ]
        return [one for _, one in sorted(late)]


def _within(asks: list[Ask], gpus: float) -> Iterator[str]:
    """As many as the share holds; whom it does not hold is passed."""
    used = 0
    for one in asks:
        if used + one.gpus <= gpus:
            used += one.gpus
            yield one.job_id
