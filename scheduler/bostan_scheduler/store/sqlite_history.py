"""The fronts' side of the store on SQLite: usage, events, counts."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.ports import StoredEvent, UsageSum
from bostan_scheduler.store import queries, rows, tables
from bostan_scheduler.store.sqlite_reading import SqliteReading, some_at_once
from bostan_scheduler.store.usage import Segment, UsageTable

_jobs, _usage, _events = tables.jobs.c, tables.usage.c, tables.events.c


class SqliteHistory(SqliteReading):
    """The part of a `Reader` that looks back and counts."""

    def usage(self, firms: tuple[str, ...] | None, from_at: Instant, until_at: Instant) -> Sequence[UsageSum]:
        """Segments are counted by the part of them that lies in the window.

        Those wholly inside are added up by SQLite; those that the window's edges cut are few.
        """
        touching = _touching(firms, from_at, until_at)
        whole = and_(_usage.from_at >= from_at, _usage.until_at <= until_at)
        account = (_usage.firm, _usage.project, _usage.gpu_class)
        added = func.sum(case((whole, _usage.gpu_milliseconds), else_=0))
        jobs = func.count(_usage.job_id.distinct())
        summed = select(*account, added, jobs).where(touching).group_by(*account)
        segment = (_usage.from_at, _usage.until_at, _usage.gpu_milliseconds)
        cut = select(*account, *segment).where(touching, ~whole)
        table = UsageTable()
        with self._looking() as connection:
            for *key, gpu_milliseconds, job_count in connection.execute(summed):
                table.add((*key,), gpu_milliseconds)
                table.jobs[(*key,)] = job_count
            for firm, project, gpu_class, *times in connection.execute(cut):
                table.add((firm, project, gpu_class), Segment(*times).within(from_at, until_at))
        return table.sums()

    def job_gpu_milliseconds(self, job_ids: Sequence[str]) -> dict[str, int]:
        """GPU time of each job that has used any, over all its attempts."""
        used = select(_usage.job_id, func.sum(_usage.gpu_milliseconds)).group_by(_usage.job_id)
        found = (self._rows(used.where(_usage.job_id.in_(some))) for some in some_at_once(job_ids))
        return {job_id: total for some in found for job_id, total in some}

    def events(
        self, after: int, limit: int, job_id: str | None = None, firms: tuple[str, ...] | None = None
    ) -> Sequence[StoredEvent]:
        """Oldest first, from the one after `after`."""
        statement = select(tables.events).where(_events.seq > after)
        if job_id is not None:
            statement = statement.where(_events.job_id == job_id)
        if firms is not None:
            statement = statement.where(_events.firm.in_(firms))
        found = self._rows(statement.order_by(_events.seq).limit(limit))
        return tuple(rows.event_of(row) for row in found)

    def counts(self) -> dict[str, int]:
        """Jobs by phase, and events."""
        by_phase = select(_jobs.phase, func.count().label("number")).group_by(_jobs.phase)
        with self._looking() as connection:
            found: dict[str, int] = {row.phase: row.number for row in connection.execute(by_phase)}
            events = queries.newest_seq(connection)
        return {f"jobs_{phase}": found.get(phase, 0) for phase in rows.PHASES} | {"events": events}


def _touching(firms: tuple[str, ...] | None, from_at: Instant, until_at: Instant) -> ColumnElement[bool]:
    """Segments with a part in the window; `Segment.touches` as SQL. The index begins at `from_at`."""
    reaches_in = and_(
        _usage.until_at >= from_at, or_(_usage.until_at > from_at, _usage.until_at == _usage.from_at)
    )
    inside = and_(reaches_in, _usage.from_at < until_at)
    return inside if firms is None else and_(inside, _usage.firm.in_(firms))
