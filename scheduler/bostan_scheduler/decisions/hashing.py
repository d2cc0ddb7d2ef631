"""The hash of a snapshot: of all its rows whatever their order, and quick to bring up to date when few have changed.

Each row has a digest. A table's digests, sorted, are cut into runs by their first bits; a run is hashed, then the
table from its runs, then the snapshot from its tables and parts. What changes a row hashes one run and the table anew.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bostan_scheduler.core.job import Job
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import SCHEMA, bare_text, canonical, text_of
from bostan_scheduler.decisions.tables import KINDS, PARTS, TABLES, Row, Rows, rows_of

RUN_BITS = 11


@dataclass(slots=True)
class Runs:
    """The digests of one table."""

    of_row: dict[str, bytes] = field(default_factory=dict)
    runs: list[set[bytes]] = field(default_factory=lambda: [set() for _ in range(2**RUN_BITS)])
    hashed: list[bytes] = field(default_factory=lambda: [_sha256(b"")] * 2**RUN_BITS)
    stale: set[int] = field(default_factory=set)
    whole: str | None = None

    def put(self, row_id: str, text: bytes | None) -> None:
        """A row's text is now this; None: the row is gone."""
        known = self.of_row.pop(row_id, None)
        if known is not None:
            self._run(known).discard(known)
        if text is not None:
            digest = self.of_row[row_id] = _sha256(text_of(row_id) + b"\n" + text)
            self._run(digest).add(digest)

    def root(self) -> str:
        """The table's hash."""
        for number in self.stale:
            self.hashed[number] = _sha256(b"".join(sorted(self.runs[number])))
        if self.stale or self.whole is None:
            self.whole = _sha256(b"".join(self.hashed)).hex()
        self.stale.clear()
        return self.whole

    def _run(self, digest: bytes) -> set[bytes]:
        number = int.from_bytes(digest[:2]) >> (16 - RUN_BITS)
        self.stale.add(number)
        return self.runs[number]


@dataclass(slots=True)
class SnapshotHash:
    """The hash of a snapshot that is told of every row that changes. With `secrets`, commands are hashed too."""

    secrets: bool = False
    tables: dict[str, Runs] = field(default_factory=lambda: {table: Runs() for table in TABLES})
    parts: dict[str, tuple[object, str]] = field(default_factory=dict)

    def put(self, rows: Rows) -> Iterator[None]:
        """Take rows in, one at each step of the iteration: there may be many, and others want the processor too."""
        for (table, row_id), row in rows.items():
            self.tables[table].put(row_id, self._text(table, row) if row is not None else None)
            yield

    def root(self, parts: Snapshot) -> str:
        """The hash of the rows and of the other fields of `parts`."""
        digests = {table: runs.root() for table, runs in self.tables.items()}
        return combined({**digests, **{name: self._part(name, getattr(parts, name)) for name in PARTS}})

    def _text(self, table: str, row: Row) -> bytes:
        if isinstance(row, Job) and not self.secrets:
            return bare_text(row)
        return canonical(row, TABLES[table])

    def _part(self, name: str, value: object) -> str:
        """Parts rarely change, and most of those that have not are the same objects."""
        known = self.parts.get(name)
        if known is None or (known[0] is not value and known[0] != value):
            known = self.parts[name] = (value, part_hash(canonical(value, KINDS[name])))
        return known[1]


def hash_of(snapshot: Snapshot, *, secrets: bool = False) -> str:
    """The hash from scratch, of the snapshot as it is or without the commands of its jobs."""
    whole = SnapshotHash(secrets)
    for _ in whole.put(rows_of(snapshot)):
        pass
    return whole.root(snapshot)


def hash_of_plain(fields: Mapping[str, Any]) -> str:
    """The hash of a snapshot that was read from JSON, whatever fields its release had. Raises `CannotKeep`."""
    digests: dict[str, str] = {}
    for name, value in fields.items():
        if name in TABLES:
            runs = Runs()
            for row_id, row in value.items():
                runs.put(row_id, text_of(row))
            digests[name] = runs.root()
        else:
            digests[name] = part_hash(text_of(value))
    return combined(digests)


def part_hash(text: bytes) -> str:
    """The hash of a part's text."""
    return _sha256(text).hex()


def combined(digests: Mapping[str, str]) -> str:
    """The hash of a snapshot from those of its fields."""
    return _sha256(text_of({"schema": SCHEMA, "fields": digests})).hex()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
