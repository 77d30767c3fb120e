"""指定日: the column is named as the field of the statement is, `designated_date`."""

from __future__ import annotations

from alembic import op

revision = "ward_0008"
down_revision = "ward_0007"
branch_labels = None


def upgrade() -> None:
    op.alter_column("statements", "named_day", new_column_name="designated_date")
