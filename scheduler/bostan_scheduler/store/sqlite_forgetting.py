"""Events past their time on SQLite: the oldest go, some at a time, so that the leader's commits never wait for long."""

from itertools import takewhile

from sqlalchemy import Engine, delete, func, select

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.store import tables
from bostan_scheduler.store.engine import told_plainly
from bostan_scheduler.store.sqlite_reading import SqliteReading

_events = tables.events.c


class SqliteForgetting(SqliteReading):
    """The part of a `Reader` that forgets events."""

    _writing: Engine

    def oldest_event(self) -> int:
        """The number of the oldest event that is kept; 0 when none is."""
        with self._looking() as connection:
            return int(connection.execute(select(func.min(_events.seq))).scalar() or 0)

    def forget_events(self, before: Instant, limit: int) -> int:
        """Remove the oldest events, those from before an instant, at most so many; how many. The newest one stays."""
        newest = select(func.max(_events.seq)).scalar_subquery()
        oldest = select(_events.seq, _events.at).where(_events.seq < newest).order_by(_events.seq)
        found = self._rows(oldest.limit(limit))
        past = [row.seq for row in takewhile(lambda row: row.at < before, found)]
        if not past:
            return 0
        with told_plainly("forget events"), self._writing.begin() as connection:
            return connection.execute(delete(tables.events).where(_events.seq <= past[-1])).rowcount
