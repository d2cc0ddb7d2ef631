"""The journal's tables and the few statements on them. Synchronous; one connection, one thread."""

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

from bostan_protos.v1.agent_link_pb2 import JournalRecord

from bostan_agent.journal.errors import JournalDamaged
from bostan_agent.journal.values import Fence, Write

VERSION = 1

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE records (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT;
CREATE TABLE fencing (gpu_uuid TEXT PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE notes (rank TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ended (number INTEGER PRIMARY KEY AUTOINCREMENT, rank TEXT NOT NULL UNIQUE) STRICT;
"""
_RAISE_FENCE = """
INSERT INTO fencing VALUES (?, ?, ?) ON CONFLICT (gpu_uuid) DO UPDATE
SET epoch = excluded.epoch, counter = excluded.counter
WHERE (excluded.epoch, excluded.counter) > (fencing.epoch, fencing.counter)
"""
_SET_NOTE = "INSERT INTO notes VALUES (?, ?) ON CONFLICT (rank) DO UPDATE SET body = excluded.body"
_SET_FACT = "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_PRUNE_ENDED = "DELETE FROM ended WHERE number <= (SELECT max(number) FROM ended) - ?"


def connect(path: Path) -> sqlite3.Connection:
    """Open the journal's file, making it when it is not there.

    Raises:
        JournalDamaged: the file is something else, or of a newer version.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit that was answered survives a power cut, which an Accepted must.
        connection.execute("PRAGMA synchronous = FULL")
        _prepare(connection, path)
    except sqlite3.DatabaseError as exc:
        connection.close()
        raise JournalDamaged(_damaged(path, str(exc))) from exc
    except JournalDamaged:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version != 0:
        raise JournalDamaged(
            _damaged(path, f"it is of version {version}, this agent reads version {VERSION}")
        )
    script = f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
    connection.executescript(script)
    connection.execute(_SET_FACT, ("journal_id", uuid.uuid4().hex))


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path}: cannot be read as this node's journal: {why}. Move the file away and start again: "
        "running ranks are found by their folders, records not yet sent are lost."
    )


def write(connection: sqlite3.Connection, writes: list[Write], acked_seq: int, ended_max: int) -> list[int]:
    """Commit `writes` together, and drop records up to `acked_seq`. Returns the last seq after each write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        seqs = [_write_one(connection, one) for one in writes]
        connection.execute("DELETE FROM records WHERE seq <= ?", (acked_seq,))
        if any(one.ended for one in writes):
            connection.execute(_PRUNE_ENDED, (ended_max,))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return seqs


def _write_one(connection: sqlite3.Connection, one: Write) -> int:
    for record in one.records:
        connection.execute("INSERT INTO records (body) VALUES (?)", (record.SerializeToString(),))
    for gpu, fence in one.fences.items():
        connection.execute(_RAISE_FENCE, (gpu, fence.epoch, fence.counter))
    for rank, note in one.notes.items():
        if note is None:
            connection.execute("DELETE FROM notes WHERE rank = ?", (rank,))
        else:
            connection.execute(_SET_NOTE, (rank, note))
    for rank in one.ended:
        connection.execute("INSERT OR IGNORE INTO ended (rank) VALUES (?)", (rank,))
    for fact in one.facts.items():
        connection.execute(_SET_FACT, fact)
    return last_seq(connection)


def renew_identity(connection: sqlite3.Connection, acked_seq: int) -> None:
    """Give the journal a new name and count its records after `acked_seq` from 1, keeping their order."""
    connection.execute("BEGIN IMMEDIATE")
    bodies = connection.execute(
        "SELECT body FROM records WHERE seq > ? ORDER BY seq", (acked_seq,)
    ).fetchall()
    connection.execute("DELETE FROM records")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'records'")
    connection.executemany("INSERT INTO records (body) VALUES (?)", bodies)
    connection.execute(_SET_FACT, ("journal_id", uuid.uuid4().hex))
    connection.execute("COMMIT")


def last_seq(connection: sqlite3.Connection) -> int:
    """The highest seq ever given out; 0 before the first."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return 0 if row is None else int(row[0])


def records(connection: sqlite3.Connection, after_seq: int, limit: int) -> Iterator[JournalRecord]:
    """Records with a seq above `after_seq`, ascending, at most `limit`."""
    rows = connection.execute(
        "SELECT seq, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit)
    )
    for seq, body in rows:
        record = JournalRecord.FromString(body)
        record.seq = seq
        yield record


def count(connection: sqlite3.Connection, acked_seq: int) -> int:
    """How many records are not acknowledged."""
    (number,) = connection.execute("SELECT count(*) FROM records WHERE seq > ?", (acked_seq,)).fetchone()
    return int(number)


def fences(connection: sqlite3.Connection) -> dict[str, Fence]:
    """The highest fencing number seen for each GPU."""
    return {gpu: Fence(epoch, counter) for gpu, epoch, counter in connection.execute("SELECT * FROM fencing")}


def notes(connection: sqlite3.Connection) -> dict[str, str]:
    """What is remembered about each rank."""
    return dict(connection.execute("SELECT rank, body FROM notes"))


def ended(connection: sqlite3.Connection) -> list[str]:
    """Ranks that will never be started here again, oldest first."""
    return [rank for (rank,) in connection.execute("SELECT rank FROM ended ORDER BY number")]


def facts(connection: sqlite3.Connection) -> dict[str, str]:
    """Words about the node."""
    return dict(connection.execute("SELECT name, value FROM facts"))
