"""特記事項の記録簿: what a party sent and received about the protection of personal data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chassis_0004"
down_revision = "chassis_0003"


def upgrade() -> None:
    op.create_table(
        "duty_records",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("contractor", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answers", sa.String(), nullable=False),
        sa.Column("caused_at", sa.BigInteger(), nullable=True),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id"),
    )
    op.create_index(op.f("ix_duty_records_at"), "duty_records", ["at"], unique=False)
    op.create_index(op.f("ix_duty_records_answers"), "duty_records", ["answers"], unique=False)
