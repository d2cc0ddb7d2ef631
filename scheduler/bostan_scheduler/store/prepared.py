"""A statement compiled once and run for many rows: SQLAlchemy would ask again for each row how to bind it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from bostan_scheduler.store.rows import Row

_DIALECT = sqlite.dialect()


class Prepared:
    """A statement whose parameters are filled from rows by name."""

    def __init__(self, statement: ClauseElement, names: Iterable[str] = ()) -> None:
        """`names`: the columns that an insert or an update sets, where the statement does not say."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(names) or None)
        self.sql = str(compiled)
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it once for each row, in order; how many rows of the table it has touched."""
        values = [tuple([row[name] for name in self._names]) for row in rows]
        return connection.exec_driver_sql(self.sql, values).rowcount
