"""The leader's side of the store on SQLite: leadership, one transaction a commit, and loading what is unfinished."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import JournalPosition, Node
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.service.ports import Commit, LeadershipLost, Receipt
from bostan_scheduler.store import kept_windows, past, queries, rows, tables
from bostan_scheduler.store.codec import decode
from bostan_scheduler.store.engine import told_plainly
from bostan_scheduler.store.settings import StoreSettings
from bostan_scheduler.store.writes import writes_of

# CROSS JOIN keeps the order: for each key a look into the index, never the whole table.
_RECEIPTS = """
SELECT asker, key, fingerprint, ids, at FROM (VALUES {pairs}) AS wanted CROSS JOIN receipts
ON asker = wanted.column1 AND key = wanted.column2
""".strip()
_KEYS_MAX = 400  # in one statement

Value = TypeVar("Value", Job, Attempt, Node)


class SqliteWriter:
    """A `Writer`. What was committed survives the process, and by default a power cut."""

    def __init__(self, writing: Engine, reading: Engine, settings: StoreSettings) -> None:
        self._writing = writing
        self._reading = reading
        self._settings = settings
        self._segments = settings.usage_segments_max
        """Segments of usage since what they are worth was kept; the first ones have it kept at once."""

    def lead(self, holder: str, now: Instant) -> int:
        """Take the leadership from whoever has it; the new epoch, higher than any before."""
        row = {"holder": holder, "since": now}
        with told_plainly("take the leadership"), self._writing.begin() as connection:
            before = _leader(connection)
            if before is None:
                connection.execute(insert(tables.leadership), {"id": 1, "epoch": 1, **row})
                return 1
            connection.execute(update(tables.leadership).values(epoch=before.epoch + 1, **row))
            return int(before.epoch) + 1

    def load(self, epoch: int, settings: Settings, now: Instant) -> Snapshot:
        """What a new leader starts from.

        Raises:
            LeadershipLost: `epoch` is not the leader's.
        """
        with told_plainly("load"), self._reading.begin() as connection:
            _require(connection, epoch)
            nodes = _by_id(connection, tables.nodes, Node)
            return Snapshot(
                now=now,
                settings=settings,
                epoch=epoch,
                fencing_counter=_fencing_counter(connection, epoch),
                jobs={job.id: job for job in _unfinished_jobs(connection)},
                attempts={attempt.id: attempt for attempt in _attempts(connection)},
                nodes=nodes,
                heard=dict.fromkeys(nodes, now),
                journals={position.node_id: position for position in _journals(connection)},
                firms={firm.id: firm for firm in queries.firms(connection)},
                parks={park.id: park for park in queries.parks(connection)},
                class_of_device=queries.class_of_device(connection),
                quota=queries.quota_tree(connection),
                classes=kept_windows.classes(connection),
                obstacles=kept_windows.windows(connection),
                reserves=kept_windows.reserves(connection),
                history=past.history_of(past.newest_finished(connection, settings), settings),
                decayed=past.decayed(connection, settings, now),
            )

    def commit(self, commit: Commit) -> int:
        """Keep it; the highest event `seq` so far. Raises `LeadershipLost`, `StaleRow`, `StoreError`."""
        # Written down before the lock is taken: what cannot be kept is found early, and nobody waits for it.
        segments = self._segments + len(commit.usage)
        due = commit.decayed is not None and segments > self._settings.usage_segments_max
        writes = tuple(writes_of(commit, self._settings.receipt_days, decayed=due))
        with told_plainly("keep a commit"), self._writing.begin() as connection:
            _require(connection, commit.epoch)
            for write in writes:
                write.execute(connection)
            newest_seq = queries.newest_seq(connection)
        self._segments = 0 if due else segments
        return newest_seq

    def receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        """The answers given under these keys. Asked before every step that has submissions, so by the shortest way."""
        if not keys:
            return {}
        with told_plainly("look up answers"), self._reading.connect() as connection:
            parts = (keys[begin : begin + _KEYS_MAX] for begin in range(0, len(keys), _KEYS_MAX))
            rows = [row for part in parts for row in _receipt_rows(connection, part)]
        found = (
            Receipt(row.asker, row.key, row.fingerprint, decode(tuple[str, ...], row.ids), row.at)
            for row in rows
        )
        return {(receipt.asker, receipt.key): receipt for receipt in found}


def _receipt_rows(connection: Connection, keys: Sequence[tuple[str, str]]) -> Sequence[Any]:
    pairs = ", ".join(["(?, ?)"] * len(keys))
    return connection.exec_driver_sql(_RECEIPTS.format(pairs=pairs), tuple(chain.from_iterable(keys))).all()


def _leader(connection: Connection) -> Any:
    return connection.exec_driver_sql("SELECT epoch, holder FROM leadership").first()


def _require(connection: Connection, epoch: int) -> None:
    leader = _leader(connection)
    if leader is None or leader.epoch != epoch:
        who = f"{leader.holder} does, in epoch {leader.epoch}" if leader is not None else "nobody does"
        raise LeadershipLost(f"epoch {epoch} does not lead: {who}")


def _fencing_counter(connection: Connection, epoch: int) -> int:
    table = tables.attempts
    newest = select(func.max(table.c.fencing_counter)).where(table.c.fencing_epoch == epoch)
    return connection.execute(newest).scalar() or 0


def _by_id(connection: Connection, table: Table, kind: type[Value]) -> dict[str, Value]:
    bodies = connection.execute(select(table.c.body).order_by(table.c.id)).scalars()
    return {value.id: value for value in (decode(kind, body) for body in bodies)}


def _unfinished_jobs(connection: Connection) -> Iterator[Job]:
    statement = select(tables.jobs.c.body).where(tables.jobs.c.phase.in_(rows.UNFINISHED))
    return (decode(Job, body) for body in connection.execute(statement).scalars())


def _attempts(connection: Connection) -> Iterator[Attempt]:
    jobs, table = tables.jobs, tables.attempts
    unfinished = select(jobs.c.id).where(jobs.c.phase.in_(rows.UNFINISHED))
    # Two questions, each with an index of its own: asked as one, SQLite would read every attempt ever made.
    holding = select(table.c.body).where(table.c.holds)
    earlier = select(table.c.body).where(~table.c.holds, table.c.job_id.in_(unfinished))
    for statement in (holding, earlier):
        yield from (decode(Attempt, body) for body in connection.execute(statement).scalars())


def _journals(connection: Connection) -> Iterator[JournalPosition]:
    statement = select(tables.journals).order_by(tables.journals.c.node_id)
    return (
        JournalPosition(row.node_id, row.journal_id, row.acked_seq) for row in connection.execute(statement)
    )
