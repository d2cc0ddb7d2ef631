"""The tables. `body` holds a whole value as JSON; the columns beside it are those that queries look at.

Instants are milliseconds since 1970, amounts are exact integers. Change a table only together with a migration.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up only a key that is called INTEGER; its integers have 64 bits by any name.
Int64 = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _int(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Int64, nullable=nullable)


jobs = Table(
    "jobs",
    metadata,
    _key(),
    _text("firm"),
    _text("project", nullable=True),
    _text("name"),
    _text("phase"),
    _int("submitted_at"),
    _int("version"),
    _text("body"),
    CheckConstraint("phase IN ('queued', 'active', 'finished')", name="phase"),
    # Listings are newest first, of all firms or of some, of any phase or of one.
    Index(None, "submitted_at", "id"),
    Index(None, "phase", "submitted_at", "id"),
    Index(None, "firm", "submitted_at", "id"),
    Index(None, "firm", "phase", "submitted_at", "id"),
    Index(None, "name", "submitted_at", "id"),
)

attempts = Table(
    "attempts",
    metadata,
    _key(),
    Column("job_id", Text, ForeignKey("jobs.id"), nullable=False),
    _int("number"),
    Column("holds", Boolean, nullable=False),
    _int("fencing_epoch"),
    _int("fencing_counter"),
    _int("version"),
    _text("body"),
    UniqueConstraint("job_id", "number"),
    Index(None, "fencing_epoch", "fencing_counter"),
)
# SQLite uses such an index only for the very words of its condition, and SQLAlchemy asks so for a true column.
Index("ix_attempts_holding", attempts.c.id, sqlite_where=text("holds = 1"), postgresql_where=text("holds"))

outputs = Table(
    "outputs",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("rank", Int64, primary_key=True, autoincrement=False),
    _text("firm"),
    _int("attempt_number"),
    _text("sha256"),
    _int("size_bytes"),
)

nodes = Table("nodes", metadata, _key(), _text("park"), _int("version"), _text("body"), Index(None, "park"))

journals = Table("journals", metadata, _key("node_id"), _text("journal_id"), _int("acked_seq"))

parks = Table("parks", metadata, _key(), _text("name"))

firms = Table("firms", metadata, _key(), _text("name"), _text("projects"))

quota_nodes = Table("quota_nodes", metadata, _key(), _text("body"))

device_classes = Table("device_classes", metadata, _key("device_name"), _text("gpu_class"))

# What the quota files say of windows, what was announced while the centre runs, and what classes are.
file_windows = Table("file_windows", metadata, _key(), _text("body"))

announced_windows = Table("announced_windows", metadata, _key(), _text("body"))

local_reserves = Table("local_reserves", metadata, _key(), _text("body"))

class_facts = Table("class_facts", metadata, _key("gpu_class"), _text("body"))

usage = Table(
    "usage",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("attempt_id", Text, ForeignKey("attempts.id"), nullable=False),
    Column("job_id", Text, ForeignKey("jobs.id"), nullable=False),
    _int("rank"),
    _text("firm"),
    _text("project", nullable=True),
    _text("gpu_class"),
    _text("gpus"),
    _int("from_at"),
    _int("until_at"),
    _int("gpu_milliseconds"),
    _int("energy_millijoules", nullable=True),
    CheckConstraint("until_at >= from_at", name="order"),
    # Most questions are about the newest time, and little ends after its beginning.
    Index(None, "until_at"),
    Index(None, "firm", "until_at"),
    Index(None, "job_id", "gpu_milliseconds"),
)

# What the usage up to a segment is worth, so that a new leader need not add up all of it.
decayed_usage = Table(
    "decayed_usage",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    _int("usage_id"),
    _text("body"),
    CheckConstraint("id = 1", name="one_row"),
)

receipts = Table(
    "receipts",
    metadata,
    _key("asker"),
    _key("key"),
    _text("fingerprint"),
    _text("ids"),
    _int("at"),
    Index(None, "at"),
)

tokens = Table(
    "tokens",
    metadata,
    _key(),
    _text("sha256"),
    _text("name"),
    _text("role"),
    _text("firm", nullable=True),
    _text("project", nullable=True),
    _text("park", nullable=True),
    _int("created_at"),
    _int("expires_at", nullable=True),
    _int("revoked_at", nullable=True),
    UniqueConstraint("sha256"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Int64, primary_key=True),
    _int("at"),
    _text("kind"),
    _text("firm", nullable=True),
    _text("job_id", nullable=True),
    _text("attempt_id", nullable=True),
    _text("node_id", nullable=True),
    _text("was"),
    _text("now"),
    _text("why"),
    Index(None, "firm", "seq"),
    Index(None, "job_id", "seq"),
    sqlite_autoincrement=True,  # a number is never given out again, even when the newest events are removed
)

leadership = Table(
    "leadership",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    _int("epoch"),
    _text("holder"),
    _int("since"),
    CheckConstraint("id = 1", name="one_row"),
)
