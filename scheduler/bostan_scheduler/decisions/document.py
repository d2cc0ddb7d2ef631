"""A snapshot as a document: JSON with one row a line, headed by its schema and hash."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import SCHEMA, canonical, parsed, text_of
from bostan_scheduler.decisions.hashing import hash_of_plain
from bostan_scheduler.decisions.tables import KINDS, PARTS, TABLES
from bostan_scheduler.errors import BadSnapshot
from bostan_scheduler.store.errors import CannotKeep


@dataclass(frozen=True, slots=True)
class Document:
    """A snapshot that was read, its hash, and what was said of it."""

    snapshot: Snapshot
    sha256: str
    about: Mapping[str, str]


def lines(snapshot: Snapshot, sha256: str, about: Mapping[str, str]) -> Iterator[bytes]:
    """The document, line by line: equal snapshots give equal lines after the head."""
    yield b'{"schema":%d,\n' % SCHEMA
    yield b'"about":%b,\n' % text_of(dict(about))
    yield b'"sha256":%b,\n' % text_of(sha256)
    yield b'"snapshot":{\n'
    for name in PARTS:
        yield b"%b:%b,\n" % (text_of(name), canonical(getattr(snapshot, name), KINDS[name]))
    before = b""
    for table, kind in TABLES.items():
        yield b"%b%b:{" % (before, text_of(table))
        yield from _rows(getattr(snapshot, table), kind)
        before = b"},\n"
    yield b"}}}\n"


def _rows(rows: Mapping[str, object], kind: type) -> Iterator[bytes]:
    before = b"\n"
    for row_id in sorted(rows):
        yield b"%b%b:%b" % (before, text_of(row_id), canonical(rows[row_id], kind))
        before = b",\n"


def read(text: bytes, name: str) -> Document:
    """The snapshot of a document; `name` is what errors call it.

    Raises:
        BadSnapshot: it is damaged, something else, or of another schema.
    """
    head = _head(text, name)
    fields, sha256, about = head["snapshot"], head["sha256"], head["about"]
    if unknown := sorted(set(fields) - set(KINDS)):
        raise BadSnapshot(
            f"{name}: the snapshot has {', '.join(unknown)}, which this release does not know; use the release that wrote it"
        )
    if _hash(fields, name) != sha256:
        raise BadSnapshot(f"{name}: it was changed since it was written: its hash is not {sha256}")
    return Document(parsed(fields, Snapshot, name), sha256, about)


def _head(text: bytes, name: str) -> dict[str, Any]:
    try:
        head = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BadSnapshot(
            f"{name}:{exc.lineno}: not JSON: {exc.msg}; is the file cut off? Dump it again"
        ) from exc
    if not isinstance(head, dict) or "schema" not in head:
        raise BadSnapshot(f"{name}: not a snapshot; write one with `bostan-scheduler dump`")
    if head["schema"] != SCHEMA:
        raise BadSnapshot(
            f"{name}: schema: {head['schema']!r}; this release reads {SCHEMA}; use the release that wrote it"
        )
    kinds = {"about": dict, "sha256": str, "snapshot": dict}
    if wrong := [key for key, kind in kinds.items() if not isinstance(head.get(key), kind)]:
        raise BadSnapshot(f"{name}: {wrong[0]}: missing or of another kind; dump it again")
    return head


def _hash(fields: dict[str, Any], name: str) -> str:
    try:
        return hash_of_plain(fields)
    except (AttributeError, TypeError, CannotKeep) as exc:
        raise BadSnapshot(f"{name}: its tables cannot be read: {exc}; dump it again") from exc
