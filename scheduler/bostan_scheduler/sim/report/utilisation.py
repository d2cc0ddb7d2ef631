"""How many GPUs of each pool were held, interval by interval."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.sim.records import Records, Span

INTERVALS = 200


@dataclass(frozen=True, slots=True)
class Utilisation:
    """`held` is the mean number of GPUs held in each interval, by park and class; the first interval begins at 0."""

    interval_milliseconds: int
    held: dict[tuple[str, str], list[float]]


def utilisation(records: Records, intervals: int = INTERVALS) -> Utilisation:
    """The whole run in at most so many equal intervals of whole milliseconds."""
    assert intervals > 0
    took = records.end_at - records.start_at
    step = max(1, -(-took // intervals))
    count = max(1, -(-took // step))
    held = {pool: [0] * count for pool in records.gpus}
    for span in records.spans:
        if span.gpu_class is not None:
            _add(held[span.park, span.gpu_class], span, records.start_at, step)
    return Utilisation(step, {pool: [one / step for one in times] for pool, times in held.items()})


def _add(held: list[int], span: Span, start_at: Instant, step: int) -> None:
    """GPU-milliseconds of a span into the intervals that it touches."""
    begin, end = span.from_at - start_at, span.until_at - start_at
    for number in range(begin // step, min(len(held), -(-end // step))):
        overlap = min(end, (number + 1) * step) - max(begin, number * step)
        held[number] += overlap * span.gpus
