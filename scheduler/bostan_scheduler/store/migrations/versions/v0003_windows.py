"""Windows of parks, what they keep for their own tenants, and the facts of GPU classes."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Nothing is in them yet: quota files that say more are applied later."""
    for table, key in (
        ("file_windows", "id"),
        ("announced_windows", "id"),
        ("local_reserves", "id"),
        ("class_facts", "gpu_class"),
    ):
        op.create_table(
            table,
            sa.Column(key, sa.Text(), nullable=False),
            sa.Column("body", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        )
