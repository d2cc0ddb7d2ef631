"""How a snapshot is cut for hashing: tables of rows that have versions, and parts that are hashed whole."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.snapshot import Snapshot

Row = Job | Attempt | Node
Rows = dict[tuple[str, str], Row | None]
"""Rows by table and id; None: it is gone."""

KINDS: Mapping[str, Any] = typing.get_type_hints(Snapshot)
"""The type of each field of a snapshot."""

TABLES: Mapping[str, type[Row]] = {"jobs": Job, "attempts": Attempt, "nodes": Node}
"""Many rows, of which few change: each row is hashed by itself."""

PARTS = tuple(sorted(field.name for field in dataclasses.fields(Snapshot) if field.name not in TABLES))
"""The other fields."""


def rows_of(snapshot: Snapshot) -> Rows:
    """All rows of a snapshot."""
    tables: tuple[tuple[str, Mapping[str, Row]], ...] = (
        ("jobs", snapshot.jobs),
        ("attempts", snapshot.attempts),
        ("nodes", snapshot.nodes),
    )
    return {(table, row_id): row for table, rows in tables for row_id, row in rows.items()}


def parts_of(snapshot: Snapshot) -> Snapshot:
    """The snapshot without its rows, and with its own copies of what each step changes: to be looked at later."""
    heard, journals = dict(snapshot.heard), dict(snapshot.journals)
    return dataclasses.replace(snapshot, jobs={}, attempts={}, nodes={}, heard=heard, journals=journals)
