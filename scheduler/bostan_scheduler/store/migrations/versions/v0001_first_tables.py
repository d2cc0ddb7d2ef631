"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From an empty store."""
    _jobs()
    _attempts()
    _parks_and_nodes()
    _quotas()
    _usage()
    _askers()
    _events()
    _leadership()


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _int(name: str, *, nullable: bool = False, autoincrement: bool | str = "auto") -> "sa.Column[int]":
    return sa.Column(name, INT64, nullable=nullable, autoincrement=autoincrement)  # type: ignore[arg-type]


def _jobs() -> None:
    op.create_table(
        "jobs",
        _text("id"),
        _text("firm"),
        _text("project", nullable=True),
        _text("name"),
        _text("phase"),
        _int("submitted_at"),
        _int("version"),
        _text("body"),
        sa.CheckConstraint("phase IN ('queued', 'active', 'finished')", name=op.f("ck_jobs_phase")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    _index("jobs", "submitted_at", "id")
    _index("jobs", "phase", "submitted_at", "id")
    _index("jobs", "firm", "submitted_at", "id")
    _index("jobs", "firm", "phase", "submitted_at", "id")
    _index("jobs", "name", "submitted_at", "id")


def _attempts() -> None:
    op.create_table(
        "attempts",
        _text("id"),
        _text("job_id"),
        _int("number"),
        sa.Column("holds", sa.Boolean(), nullable=False),
        _int("fencing_epoch"),
        _int("fencing_counter"),
        _int("version"),
        _text("body"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_attempts_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("job_id", "number", name=op.f("uq_attempts_job_id_number")),
    )
    _index("attempts", "fencing_epoch", "fencing_counter")
    op.create_index(
        "ix_attempts_holding",
        "attempts",
        ["id"],
        sqlite_where=sa.text("holds = 1"),
        postgresql_where=sa.text("holds"),
    )
    op.create_table(
        "outputs",
        _text("job_id"),
        _int("rank", autoincrement=False),
        _text("firm"),
        _int("attempt_number"),
        _text("sha256"),
        _int("size_bytes"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_outputs_job_id")),
        sa.PrimaryKeyConstraint("job_id", "rank", name=op.f("pk_outputs")),
    )


def _parks_and_nodes() -> None:
    op.create_table(
        "nodes",
        _text("id"),
        _text("park"),
        _int("version"),
        _text("body"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    _index("nodes", "park")
    op.create_table(
        "journals",
        _text("node_id"),
        _text("journal_id"),
        _int("acked_seq"),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_journals")),
    )
    op.create_table("parks", _text("id"), _text("name"), sa.PrimaryKeyConstraint("id", name=op.f("pk_parks")))


def _quotas() -> None:
    op.create_table(
        "firms",
        _text("id"),
        _text("name"),
        _text("projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firms")),
    )
    op.create_table(
        "quota_nodes",
        _text("id"),
        _text("body"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_nodes")),
    )
    op.create_table(
        "device_classes",
        _text("device_name"),
        _text("gpu_class"),
        sa.PrimaryKeyConstraint("device_name", name=op.f("pk_device_classes")),
    )


def _usage() -> None:
    op.create_table(
        "usage",
        _int("id"),
        _text("attempt_id"),
        _text("job_id"),
        _int("rank"),
        _text("firm"),
        _text("project", nullable=True),
        _text("gpu_class"),
        _text("gpus"),
        _int("from_at"),
        _int("until_at"),
        _int("gpu_milliseconds"),
        _int("energy_millijoules", nullable=True),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_usage_order")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_usage_attempt_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_usage_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage")),
    )
    _index("usage", "until_at")
    _index("usage", "firm", "until_at")
    _index("usage", "job_id", "gpu_milliseconds")


def _askers() -> None:
    op.create_table(
        "receipts",
        _text("asker"),
        _text("key"),
        _text("fingerprint"),
        _text("ids"),
        _int("at"),
        sa.PrimaryKeyConstraint("asker", "key", name=op.f("pk_receipts")),
    )
    _index("receipts", "at")
    op.create_table(
        "tokens",
        _text("id"),
        _text("sha256"),
        _text("name"),
        _text("role"),
        _text("firm", nullable=True),
        _text("project", nullable=True),
        _text("park", nullable=True),
        _int("created_at"),
        _int("expires_at", nullable=True),
        _int("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )


def _events() -> None:
    op.create_table(
        "events",
        _int("seq"),
        _int("at"),
        _text("kind"),
        _text("firm", nullable=True),
        _text("job_id", nullable=True),
        _text("attempt_id", nullable=True),
        _text("node_id", nullable=True),
        _text("was"),
        _text("now"),
        _text("why"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    _index("events", "firm", "seq")
    _index("events", "job_id", "seq")


def _leadership() -> None:
    op.create_table(
        "leadership",
        _int("id", autoincrement=False),
        _int("epoch"),
        _text("holder"),
        _int("since"),
        sa.CheckConstraint("id = 1", name=op.f("ck_leadership_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leadership")),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
