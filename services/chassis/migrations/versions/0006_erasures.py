"""消去の記録: each erasure with what was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chassis_0006"
down_revision = "chassis_0005"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("data_until", sa.Date(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("keys_before", sa.String(), nullable=False),
        sa.Column("kinds", sa.String(), nullable=False),
        sa.Column("kept", sa.String(), nullable=False),
        sa.Column("certificates", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id"),
    )
