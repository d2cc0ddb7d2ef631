"""Asking SQLite from any thread: each question on a connection of the pool, its errors told plainly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select

from bostan_scheduler.store.codec import decode
from bostan_scheduler.store.engine import told_plainly

Value = TypeVar("Value")
Item = TypeVar("Item")

IDS_MAX = 500
"""Ids asked for in one statement; SQLite takes no more than some thousands."""


class SqliteReading:
    """What the readers of SQLite share."""

    def __init__(self, reading: Engine) -> None:
        self._reading = reading

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        with told_plainly("read"), self._reading.connect() as connection:
            yield connection

    def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        with self._looking() as connection:
            return connection.execute(statement).all()

    def _values(self, kind: type[Value], statement: Select[Any]) -> tuple[Value, ...]:
        with self._looking() as connection:
            bodies = connection.execute(statement).scalars().all()
        return tuple(decode(kind, body) for body in bodies)

    def _value(self, kind: type[Value], statement: Select[Any]) -> Value | None:
        return next(iter(self._values(kind, statement)), None)


def some_at_once(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in runs of at most `IDS_MAX`."""
    return (items[start : start + IDS_MAX] for start in range(0, len(items), IDS_MAX))
