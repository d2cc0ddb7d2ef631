"""Windows, local reserves and the facts of classes as rows, and back: whole values as JSON beside their names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.snapshot import ClassFacts
from bostan_scheduler.store import tables
from bostan_scheduler.store.codec import decode, encode
from bostan_scheduler.store.rows import Row


@dataclass(frozen=True, slots=True)
class Kept:
    """A window of whichever kind."""

    window: Announced


def window_rows(windows: Iterable[Announced]) -> list[Row]:
    """Windows."""
    return [{"id": window.id, "body": encode(Kept(window))} for window in windows]


def reserve_rows(reserves: Iterable[StandingReserve]) -> list[Row]:
    """What parks keep for their own tenants."""
    return [{"id": reserve.id, "body": encode(reserve)} for reserve in reserves]


def facts_rows(classes: Mapping[str, ClassFacts]) -> list[Row]:
    """What classes cost and how fast they are."""
    return [{"gpu_class": name, "body": encode(facts)} for name, facts in classes.items()]


def windows(connection: Connection) -> dict[str, Announced]:
    """All windows by id: those of the quota files, and those that were announced."""
    found: dict[str, Announced] = {}
    for table in (tables.file_windows, tables.announced_windows):
        for body in connection.execute(select(table.c.body).order_by(table.c.id)).scalars():
            window = decode(Kept, body).window
            found[window.id] = window
    return found


def reserves(connection: Connection) -> dict[str, StandingReserve]:
    """What parks keep for their own tenants, by id."""
    table = tables.local_reserves
    bodies = connection.execute(select(table.c.body).order_by(table.c.id)).scalars()
    return {reserve.id: reserve for reserve in (decode(StandingReserve, body) for body in bodies)}


def classes(connection: Connection) -> dict[str, ClassFacts]:
    """The facts of each class that has any."""
    table = tables.class_facts
    rows = connection.execute(select(table).order_by(table.c.gpu_class))
    return {row.gpu_class: decode(ClassFacts, row.body) for row in rows}
