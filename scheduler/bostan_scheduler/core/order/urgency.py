"""Jobs that must not wait: those on the critical path, and those that would end later than is fair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop
from math import fsum

from bostan_scheduler.core.order.ask import Ask


@dataclass(frozen=True, slots=True)
class Urgency:
    """A bounded share of the pool for each kind, so that a wrong estimate cannot turn the order over.

    A job is critical when what is left of it takes at least `critical_factor` times as long as all that is left of
    all jobs would take on the whole pool: if it does not run now, the last job ends later (critical path first). A
    job is late when, at the pace of a pool that is shared evenly, it cannot end within `fairness` times its
    estimate any more (finish-time fairness; Themis, NSDI'20). A job of which nothing is known is neither.
    """

    critical_share: float = 0.2
    critical_factor: float = 1.0
    late_share: float = 0.4
    fairness: float = 1.0

    def choose(
        self, asks: Iterable[Ask], pool_gpus: float, fair_seconds: float, rate: float
    ) -> tuple[str, ...]:
        """The urgent jobs, the most urgent first: the critical ones, then the late ones."""
        assert pool_gpus > 0, "nobody waits for a pool of nothing"
        assert rate >= 0, "the fair clock does not run backwards"
        all_of_them = tuple(asks)
        critical = dict.fromkeys(
            _within(self._critical(all_of_them, pool_gpus), self.critical_share * pool_gpus)
        )
        late = (one for one in self._late(all_of_them, fair_seconds, rate) if one.job_id not in critical)
        return (*critical, *_within(late, self.late_share * pool_gpus))

    def _critical(self, asks: tuple[Ask, ...], pool_gpus: float) -> Iterator[Ask]:
        work = fsum(one.remaining_seconds * one.gpus for one in asks)
        least = self.critical_factor * work / pool_gpus
        yield from _smallest_first(
            [
                (-one.remaining_seconds, one)
                for one in asks
                if not one.guessed and one.remaining_seconds >= least
            ]
        )

    def _late(self, asks: Iterable[Ask], fair_seconds: float, rate: float) -> Iterator[Ask]:
        """`deadline = came + fairness x estimate`, less what is left at the pace of the fair clock."""
        yield from _smallest_first(
            [
                (deadline, one)
                for one in asks
                if not one.guessed
                and (deadline := one.fair_at_seconds + self.fairness * one.estimate_seconds)
                <= fair_seconds + one.remaining_seconds * rate
            ]
        )


def _smallest_first(keyed: list[tuple[float, Ask]]) -> Iterator[Ask]:
    """One by one: most often a few are enough."""
    heapify(keyed)
    while keyed:
        yield heappop(keyed)[1]


def _within(asks: Iterable[Ask], gpus: float) -> Iterator[str]:
    """As many as the share holds; whom it does not hold is passed."""
    left: float = int(gpus)
    for one in asks:
        if one.gpus <= left:
            left -= one.gpus
            yield one.job_id
        if not left:
            return
