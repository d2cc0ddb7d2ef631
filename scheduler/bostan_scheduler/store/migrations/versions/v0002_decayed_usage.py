"""The usage that fades, as of one segment, so that a new leader adds up only what came later."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing is in it yet: the next leader adds up everything once."""
    op.create_table(
        "decayed_usage",
        sa.Column("id", INT64, nullable=False, autoincrement=False),
        sa.Column("usage_id", INT64, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_decayed_usage_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decayed_usage")),
    )
