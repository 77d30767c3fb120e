"""Several deposits a closing, what is believed and what is so; anomalies; when a payment was entrusted.

Every deposit of before was one for the whole closing, paid as it was believed. A replica of the version before cannot
work on these tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "card_agent_0002"
down_revision = "card_agent_0001"
branch_labels = None


def upgrade() -> None:
    op.add_column("authorizations", sa.Column("entrusted_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE authorizations SET entrusted_at = taken_on_at")
    _deposits()
    op.create_table(
        "anomalies",
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("yen", sa.BigInteger(), nullable=False),
        sa.Column("business_days", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("met_payment_id", sa.String(), nullable=True),
        sa.Column("met_yen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("corrected_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("closed_on", "kind"),
    )


def _deposits() -> None:
    op.create_table(
        "deposits",
        sa.Column("deposit_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("believed", sa.BigInteger(), nullable=False),
        sa.Column("believed_on", sa.Date(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("deposit_id"),
    )
    op.create_index(op.f("ix_deposits_statement_id"), "deposits", ["statement_id"], unique=False)
    op.execute(
        "INSERT INTO deposits (deposit_id, statement_id, name, believed, believed_on, paid, paid_on, account) "
        "SELECT deposit_id, statement_id, 'closing', amount - fee, deposited_on, amount - fee, deposited_on, '' "
        "FROM closings WHERE deposit_id IS NOT NULL"
    )
    op.execute("ALTER TABLE closings DROP COLUMN deposit_id")
