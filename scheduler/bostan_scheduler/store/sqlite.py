"""The store in one SQLite file: one connection that writes, some that read, any number of processes beside."""

from pathlib import Path

from bostan_scheduler.store.engine import (
    make_private,
    reading_engine,
    require_file,
    told_plainly,
    writing_engine,
)
from bostan_scheduler.store.schema import check, upgrade
from bostan_scheduler.store.settings import StoreSettings
from bostan_scheduler.store.sqlite_forgetting import SqliteForgetting
from bostan_scheduler.store.sqlite_history import SqliteHistory
from bostan_scheduler.store.sqlite_reader import SqliteReader
from bostan_scheduler.store.sqlite_tokens import SqliteTokens
from bostan_scheduler.store.sqlite_writer import SqliteWriter


class SqliteStore(SqliteWriter, SqliteReader, SqliteHistory, SqliteForgetting, SqliteTokens):
    """A `Writer` and a `Reader`. Only the leader calls the former; both are safe from many threads."""

    def __init__(self, path: Path, settings: StoreSettings, *, migrate: bool) -> None:
        """Open the file; with `migrate`, make it when missing and bring it to the newest version.

        Raises:
            CannotOpen: it cannot be opened, is something else, or is of another version.
        """
        (make_private if migrate else require_file)(path)
        writing, reading = writing_engine(path, settings), reading_engine(path, settings)
        SqliteWriter.__init__(self, writing, reading, settings)
        SqliteTokens.__init__(self, writing, reading)
        try:
            (upgrade if migrate else check)(writing if migrate else reading)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection; the last to close one of this file tidies it up."""
        with told_plainly("close the store"):
            self._reading.dispose()
            self._writing.dispose()
