"""How SQLite is spoken to: which file, with which pragmas, where transactions begin, and what its errors become."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from bostan_scheduler.service.ports import StaleRow, StoreError
from bostan_scheduler.store.errors import CannotKeep, CannotOpen
from bostan_scheduler.store.settings import StoreSettings

RETRY_SECONDS = 0.01
_ROW_IS_THERE = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)


def writing_engine(path: Path, settings: StoreSettings) -> Engine:
    """The one connection that writes; threads take turns. A transaction locks out other writers from its start."""
    pragmas = (
        "journal_mode = WAL",
        f"synchronous = {settings.durability.value.upper()}",
        "foreign_keys = ON",
        f"cache_size = -{settings.cache_bytes // 1024}",
    )
    return _engine(path, settings, connections=1, pragmas=pragmas, begin="BEGIN IMMEDIATE")


def reading_engine(path: Path, settings: StoreSettings) -> Engine:
    """Connections that cannot write. A transaction sees the store as it was at its first look."""
    return _engine(
        path,
        settings,
        connections=settings.read_connections_max,
        pragmas=("query_only = ON",),
        begin="BEGIN",
    )


def make_private(path: Path) -> None:
    """Make the file, readable by its owner alone, unless it is there: it will hold what users' jobs are given.

    Raises:
        CannotOpen: the folder is missing, or the file cannot be made or written.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as exc:
        raise CannotOpen(
            f"{path}: the store cannot be opened: {exc.strerror}. "
            "Make the folder, or let this user write there, or name another file in `store.url`."
        ) from exc


def require_file(path: Path) -> None:
    """See that the file is there: SQLite would make an empty one.

    Raises:
        CannotOpen: it is not.
    """
    if not path.is_file():
        raise CannotOpen(
            f"{path}: there is no such store. Start `bostan-scheduler serve`, which makes it, or correct `store.url`."
        )


@contextmanager
def told_plainly(doing: str) -> Iterator[None]:
    """Turn the library's errors into the port's, saying what the store was doing."""
    try:
        yield
    except SQLAlchemyError as exc:
        origin = getattr(exc, "orig", None) or exc
        kind = StaleRow if getattr(origin, "sqlite_errorcode", None) in _ROW_IS_THERE else StoreError
        raise kind(f"could not {doing}: {origin}") from exc
    except (UnicodeError, OverflowError) as exc:
        raise CannotKeep(f"could not {doing}: {exc}") from exc


def _engine(
    path: Path, settings: StoreSettings, *, connections: int, pragmas: tuple[str, ...], begin: str
) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=settings.busy_timeout_seconds,
        # Transactions begin by our own word alone: Python's sqlite3 begins them late, and not before a SELECT.
        connect_args={
            "isolation_level": None,
            "timeout": settings.busy_timeout_seconds,
            "check_same_thread": False,
        },
    )
    patience_seconds = settings.busy_timeout_seconds
    event.listen(engine, "connect", lambda raw, _: _prepare(raw, pragmas, patience_seconds))
    event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _prepare(raw: sqlite3.Connection, pragmas: tuple[str, ...], patience_seconds: float) -> None:
    until = time.monotonic() + patience_seconds
    for pragma in pragmas:
        while not _was_set(raw, pragma, until):
            time.sleep(RETRY_SECONDS)


def _was_set(raw: sqlite3.Connection, pragma: str, until: float) -> bool:
    """SQLite itself does not wait where the journal's mode changes, as it does when two open a new file at once."""
    try:
        raw.execute(f"PRAGMA {pragma}")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
            raise
        return False
    return True


def _begin(connection: Connection, begin: str) -> None:
    connection.exec_driver_sql(begin)
