"""PostgreSQL leaves room beside each slip: what it has received is written on its own page, past no index."""

from __future__ import annotations

from alembic import op

revision = "ward_0007"
down_revision = "ward_0006"
branch_labels = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE slips SET (fillfactor = 50)")
