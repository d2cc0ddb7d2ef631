"""What a new leader learns from what is on record: how long jobs ran, and how much was used, fading."""

from collections.abc import Iterable
from math import sqrt

from sqlalchemy import ColumnElement, Connection, func, select

from bostan_scheduler.core.decayed import HALF_LIVES_KEPT, Decayed
from bostan_scheduler.core.history import History
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Finished, Job
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.store import rows, tables
from bostan_scheduler.store.codec import decode

PARTS_OF_A_HALF_LIFE = 168
"""Segments that end in one such part are added up: an hour, of a week."""

Sum = tuple[str, str | None, str, int, float, float, float]
"""By firm, project, class and number of the part: GPU time, and its first two moments in time since the part began."""


def history_of(finished: Iterable[Job], settings: Settings) -> History:
    """What jobs that have finished teach, the last to finish last."""
    ends = [
        (job.phase.at, job.id, job) for job in finished if isinstance(job.phase, Finished) if _succeeded(job)
    ]
    taught = (job for _, _, job in sorted(ends, key=lambda end: end[:2]))
    return History(runs_max=settings.learnt_runs_max, kinds_max=settings.learnt_kinds_max).after_all(taught)


def _succeeded(job: Job) -> bool:
    return isinstance(job.phase, Finished) and isinstance(job.phase.outcome, Succeeded)


def oldest_counted(settings: Settings, now: Instant) -> Instant:
    """Usage that ended before this counts for nothing any more."""
    return after(now, -HALF_LIVES_KEPT * settings.usage_half_life_seconds)


def newest_finished(connection: Connection, settings: Settings) -> Iterable[Job]:
    """As many finished jobs as are looked at, those submitted last: an index leads to them."""
    jobs = tables.jobs.c
    newest = select(jobs.body).where(jobs.phase == "finished")
    newest = newest.order_by(jobs.submitted_at.desc(), jobs.id.desc()).limit(settings.learnt_jobs_max)
    return (decode(Job, body) for body in connection.execute(newest).scalars())


def decayed(connection: Connection, settings: Settings, now: Instant) -> Decayed:
    """What usage is worth, as it was kept and with what came later; all is added up when the half-life is another."""
    kept = connection.execute(select(tables.decayed_usage).where(tables.decayed_usage.c.id == 1)).first()
    usage = rows.decayed_of(kept) if kept is not None else None
    row = tables.usage.c
    if kept is not None and usage is not None and usage.half_life_seconds == settings.usage_half_life_seconds:
        return _with(connection, usage, row.id > kept.usage_id)
    new = Decayed(settings.usage_half_life_seconds)
    return _with(connection, new, row.until_at >= oldest_counted(settings, now))


def _with(connection: Connection, usage: Decayed, which: ColumnElement[bool]) -> Decayed:
    """With segments that SQLite adds up: each sum stands for one segment of the same mean and spread in time."""
    part = max(1, usage.half_life_seconds * 1000 // PARTS_OF_A_HALF_LIFE)
    for firm, project, gpu_class, number, spent, first, second in _sums(connection, part, which):
        if spent:
            mean = first / spent
            half = sqrt(3 * max(0.0, second / spent - mean * mean))
            span = (round(number * part + mean - half), round(number * part + mean + half))
            usage = usage.add(firm, (project, gpu_class), *span, round(spent))
    return usage


def _sums(connection: Connection, part: int, which: ColumnElement[bool]) -> Iterable[Sum]:
    row, account = tables.usage.c, ("firm", "project", "gpu_class")
    number = row.until_at // part
    middle = (row.from_at + row.until_at) / 2.0 - number * part
    length = (row.until_at - row.from_at) * 1.0
    columns = [*(row[name] for name in account), number.label("number"), row.gpu_milliseconds.label("spent")]
    segments = select(*columns, middle.label("middle"), length.label("length")).where(which)
    one = segments.subquery().c
    keys = [*(one[name] for name in account), one.number]
    first, second = (
        one.spent * one.middle,
        one.spent * (one.middle * one.middle + one.length * one.length / 12.0),
    )
    sums = select(*keys, func.total(one.spent), func.total(first), func.total(second)).group_by(*keys)
    return (tuple(found) for found in connection.execute(sums))
