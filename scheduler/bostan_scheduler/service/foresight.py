"""When parks next keep GPUs for their own tenants: standing reserves as windows, by the clocks of their places."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from bostan.weekly import occurrences

from bostan_scheduler.core.changes import Change, Foresee
from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.core.obstacle import LocalReserve, StandingReserve
from bostan_scheduler.core.snapshot import Snapshot

AHEAD_DAYS = 35
"""Beyond the longest time limit of a job, with days to spare: no job can start that would run into what is not seen."""

EVER: Instant = 2**53
"""The end of what has none."""


def foresee(view: Snapshot) -> tuple[Change, ...]:
    """The next times of all standing reserves, once a day, and again when the quota files have changed."""
    if view.foreseen_at is not None and view.now < view.foreseen_at + DAY_MILLISECONDS:
        return ()
    return (Foresee(tuple(times_ahead(view.reserves.values(), view.now)), view.now),)


def times_ahead(
    reserves: Iterable[StandingReserve], now: Instant, days: int = AHEAD_DAYS
) -> Iterator[LocalReserve]:
    """Each time of each reserve that is not over and begins within so many days; what is kept always has one time."""
    for reserve in reserves:
        for from_at, until_at in _spans(reserve, now, now + days * DAY_MILLISECONDS):
            yield LocalReserve(
                id=f"{reserve.id}@{from_at}",
                park=reserve.park,
                gpu_class=reserve.gpu_class,
                gpus=reserve.gpus,
                from_at=from_at,
                until_at=until_at,
                lend_when_idle=reserve.lend_when_idle,
                notice_seconds=reserve.notice_seconds,
            )


def _spans(reserve: StandingReserve, now: Instant, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    weekly = reserve.weekly
    if weekly is None:
        yield 0, EVER
        return
    seconds = (now // 1000, until // 1000)
    zone = ZoneInfo(weekly.zone)
    for begin, end in occurrences(weekly.days, weekly.from_minute, weekly.until_minute, zone, seconds):
        yield begin * 1000, end * 1000
