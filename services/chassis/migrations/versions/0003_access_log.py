"""アクセス記録: reads of personal data, chained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chassis_0003"
down_revision = "chassis_0002"


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
