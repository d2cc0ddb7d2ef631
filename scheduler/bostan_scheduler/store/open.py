"""From a URL to a store."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bostan_scheduler.service.ports import Reader, Writer
from bostan_scheduler.store.errors import CannotOpen
from bostan_scheduler.store.memory import MemoryStore
from bostan_scheduler.store.settings import DEFAULTS, StoreSettings
from bostan_scheduler.store.sqlite import SqliteStore

_REMEDY = (
    "Give `store.url` as sqlite:///PATH (an absolute path makes four slashes), or memory: to keep nothing."
)


class Store(Writer, Reader, Protocol):
    """Both sides of a store, and its end."""

    def close(self) -> None:
        """Give up connections and locks. What was committed stays."""
        ...


def open_store(url: str, settings: StoreSettings = DEFAULTS, *, migrate: bool = False) -> Store:
    """Open `sqlite:///PATH` or `memory:`.

    `migrate` makes the file when it is missing and brings an older one to this release's version: for the
    leader at its start, before the fronts open it, and for an administrator's command on a new store.

    Raises:
        CannotOpen: no such kind of store; no such folder; a file of something else; a version that is newer than
            this release (`SchemaTooNew`), or older without `migrate` (`SchemaTooOld`).
    """
    if url == "memory:":
        return MemoryStore(settings)
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        raise CannotOpen(f"PostgreSQL is not supported yet. {_REMEDY}")
    if parsed.get_backend_name() != "sqlite" or parsed.query:
        shown = parsed.render_as_string(hide_password=True)
        raise CannotOpen(f"{shown!r}: no such kind of store. {_REMEDY}")
    if parsed.database in (None, "", ":memory:"):
        raise CannotOpen(f"{url!r} names no file. {_REMEDY}")
    return SqliteStore(Path(str(parsed.database)), settings, migrate=migrate)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as exc:
        raise CannotOpen(f"`store.url` is not the URL of a store. {_REMEDY}") from exc
