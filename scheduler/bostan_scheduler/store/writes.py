"""The statements that keep a commit, in the order that references between rows need."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from bostan_scheduler.core.changes import SetQuotas
from bostan_scheduler.core.instant import DAY_MILLISECONDS
from bostan_scheduler.service.ports import Commit, StaleRow
from bostan_scheduler.store import kept_windows, rows, tables
from bostan_scheduler.store.codec import encode
from bostan_scheduler.store.prepared import Prepared
from bostan_scheduler.store.rows import Row


@dataclass(frozen=True, slots=True)
class Write:
    """A statement and its rows. `guarded`: it must find every row that it is to move."""

    statement: Prepared
    rows: Sequence[Row]
    guarded: bool = False

    def execute(self, connection: Connection) -> None:
        """Carry it out.

        Raises:
            StaleRow: a row is not there at the version before.
        """
        found = self.statement.run(connection, self.rows)
        if self.guarded and found != len(self.rows):
            what = ", ".join(f"{row['row_id']} at version {row['version_before']}" for row in self.rows[:5])
            raise StaleRow(f"{len(self.rows) - found} rows were moved by somebody else; expected {what}")


def writes_of(commit: Commit, receipt_days: int, *, decayed: bool) -> Iterator[Write]:
    """All that a commit changes, and if `decayed` what usage is worth. What is inserted at once is one statement."""
    yield from _moves(tables.jobs, [rows.job_row(job) for job in commit.jobs])
    yield from _moves(tables.attempts, [rows.attempt_row(attempt) for attempt in commit.attempts])
    yield from _moves(tables.nodes, [rows.node_row(node) for node in commit.nodes])
    yield from _some(_PUT[tables.journals], [rows.journal_row(position) for position in commit.journals])
    yield from _some(_WITHDRAW, [{"row_id": window_id} for window_id in commit.windows_gone])
    if commit.quotas is not None:
        yield from _quotas(commit.quotas)
    yield from _some(_PUT[tables.announced_windows], kept_windows.window_rows(commit.windows))
    yield from _some(_PUT[tables.parks], [rows.park_row(park) for park in commit.parks])
    yield from _some(_USE, [{**rows.use_row(use), "of_attempt": use.attempt_id} for use in commit.usage])
    if decayed and commit.decayed is not None:
        yield Write(_KEEP_DECAYED, [rows.decayed_row(commit.decayed)])
    yield from _some(_KEEP_OUTPUT, [rows.output_row(kept) for kept in commit.outputs])
    if commit.receipts:
        yield Write(_FORGET_RECEIPTS, [{"oldest": commit.at - receipt_days * DAY_MILLISECONDS}])
    yield from _some(_INSERT[tables.receipts], [rows.receipt_row(receipt) for receipt in commit.receipts])
    yield from _some(_INSERT[tables.events], [rows.event_row(event) for event in commit.events])


def _moves(table: Table, values: Sequence[Row]) -> Iterator[Write]:
    yield from _some(_INSERT[table], [row for row in values if row["version"] == 1])
    before = [(row, {"row_id": row["id"], "version_before": row["version"] - 1}) for row in values]
    moved = [{**row, **which} for row, which in before if row["version"] != 1]
    if moved:
        yield Write(_MOVE[table], moved, guarded=True)


def _quotas(quotas: SetQuotas) -> Iterator[Write]:
    nodes = [{"id": node.id, "body": encode(node)} for node in quotas.tree.nodes.values()]
    classes = [
        {"device_name": name, "gpu_class": gpu_class} for name, gpu_class in quotas.class_of_device.items()
    ]
    yield from _replace(tables.quota_nodes, nodes)
    yield from _replace(tables.firms, [rows.firm_row(firm) for firm in quotas.firms.values()])
    yield from _replace(tables.device_classes, classes)
    yield from _replace(tables.class_facts, kept_windows.facts_rows(quotas.classes))
    yield from _replace(tables.file_windows, kept_windows.window_rows(quotas.obstacles.values()))
    yield from _replace(tables.local_reserves, kept_windows.reserve_rows(quotas.reserves.values()))
    yield from _some(_PUT[tables.parks], [rows.park_row(park) for park in quotas.parks.values()])


def _replace(table: Table, values: Sequence[Row]) -> Iterator[Write]:
    yield Write(_CLEAR[table], ({},))
    yield from _some(_INSERT[table], values)


def _some(statement: Prepared, values: Sequence[Row]) -> Iterator[Write]:
    if values:
        yield Write(statement, values)


def _names(table: Table, *without: str) -> list[str]:
    return [column.name for column in table.c if column.name not in without]


def _insert(table: Table) -> Prepared:
    counted_up = table.autoincrement_column
    return Prepared(insert(table), _names(table, *([counted_up.name] if counted_up is not None else ())))


def _move(table: Table, *names: str) -> Prepared:
    which = (table.c.id == bindparam("row_id"), table.c.version == bindparam("version_before"))
    return Prepared(update(table).where(*which), ("version", "body", *names))


def _put(table: Table) -> Prepared:
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=others), _names(table))


def _use() -> Prepared:
    table, attempts = tables.usage, tables.attempts
    job_id = select(attempts.c.job_id).where(attempts.c.id == bindparam("of_attempt")).scalar_subquery()
    return Prepared(insert(table).values(job_id=job_id), _names(table, "id", "job_id"))


def _keep_decayed() -> Prepared:
    newest = select(func.max(tables.usage.c.id)).scalar_subquery()
    statement = upsert(tables.decayed_usage).values(usage_id=newest)
    new = {name: statement.excluded[name] for name in ("usage_id", "body")}
    return Prepared(statement.on_conflict_do_update(index_elements=["id"], set_=new), ("id", "body"))


def _keep_output() -> Prepared:
    statement = upsert(tables.outputs)
    new = statement.excluded
    replaced = statement.on_conflict_do_update(
        index_elements=["job_id", "rank"],
        set_={name: new[name] for name in ("attempt_number", "sha256", "size_bytes")},
        where=tables.outputs.c.attempt_number <= new.attempt_number,
    )
    return Prepared(replaced, _names(tables.outputs))


_REPLACED = (
    tables.quota_nodes,
    tables.firms,
    tables.device_classes,
    tables.class_facts,
    tables.file_windows,
    tables.local_reserves,
)
_INSERT = {
    table: _insert(table)
    for table in (tables.jobs, tables.attempts, tables.nodes, tables.receipts, tables.events, *_REPLACED)
}
# Who asked, for what and when stays as it was; the other columns are those that a move changes.
_MOVE = {
    tables.jobs: _move(tables.jobs, "phase"),
    tables.attempts: _move(tables.attempts, "holds"),
    tables.nodes: _move(tables.nodes),
}
_CLEAR = {table: Prepared(delete(table)) for table in _REPLACED}
_PUT = {table: _put(table) for table in (tables.journals, tables.parks, tables.announced_windows)}
_WITHDRAW = Prepared(
    delete(tables.announced_windows).where(tables.announced_windows.c.id == bindparam("row_id"))
)
_USE = _use()
_KEEP_DECAYED = _keep_decayed()
_KEEP_OUTPUT = _keep_output()
_FORGET_RECEIPTS = Prepared(delete(tables.receipts).where(tables.receipts.c.at < bindparam("oldest")))
