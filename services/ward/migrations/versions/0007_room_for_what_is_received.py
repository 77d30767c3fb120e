"""PostgreSQL leaves free space beside each slip: the received amount is updated within its page, no index (HOT)."""

from __future__ import annotations

from alembic import op

revision = "ward_0007"
down_revision = "ward_0006"
branch_labels = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE slips SET (fillfactor = 50)")
