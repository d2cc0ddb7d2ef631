"""Questions that both sides of the store ask, of a connection."""

from sqlalchemy import Connection, select

from bostan_scheduler.core.quota import QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.store import rows, tables
from bostan_scheduler.store.codec import decode


def newest_seq(connection: Connection) -> int:
    """The number of the newest event; 0 before the first."""
    return connection.exec_driver_sql("SELECT max(seq) FROM events").scalar() or 0


def firms(connection: Connection) -> tuple[Firm, ...]:
    """All firms, by id."""
    found = connection.execute(select(tables.firms).order_by(tables.firms.c.id))
    return tuple(rows.firm_of(row) for row in found)


def parks(connection: Connection) -> tuple[Park, ...]:
    """All parks, by id."""
    found = connection.execute(select(tables.parks).order_by(tables.parks.c.id))
    return tuple(Park(row.id, row.name) for row in found)


def class_of_device(connection: Connection) -> dict[str, str]:
    """The class that the devices of a name count as."""
    table = tables.device_classes
    found = connection.execute(select(table).order_by(table.c.device_name))
    return {row.device_name: row.gpu_class for row in found}


def quota_tree(connection: Connection) -> QuotaTree:
    """The whole tree."""
    table = tables.quota_nodes
    bodies = connection.execute(select(table.c.body).order_by(table.c.id)).scalars()
    return QuotaTree({node.id: node for node in (decode(QuotaNode, body) for body in bodies)})
