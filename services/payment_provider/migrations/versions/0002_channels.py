"""Every channel: closings by settler, payments outside the app, planned 速報, anomalies of receipt data.

The bank network's closings are taken over. A replica of the version before cannot work on these tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "payment_provider_0002"
down_revision = "payment_provider_0001"
branch_labels = None


def upgrade() -> None:
    _anomalies()
    _closings()
    _payments()
    _receipts()


def _anomalies() -> None:
    op.create_table(
        "anomalies",
        sa.Column("anomaly_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("struck_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("anomaly_id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(op.f("ix_anomalies_payment_id"), "anomalies", ["payment_id"], unique=False)


def _closings() -> None:
    op.create_table(
        "closings",
        sa.Column("settler", sa.String(40), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("deposit_on", sa.Date(), nullable=False),
        sa.Column("payment_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("deposit_id", sa.String(), nullable=True),
        sa.Column("deposited_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("settler", "closed_on"),
        sa.UniqueConstraint("statement_id"),
    )
    columns = "closed_on, statement_id, deposit_on, payment_count, amount, issued_at, deposit_id, deposited_on"
    op.execute(f"INSERT INTO closings (settler, {columns}) SELECT 'bank', {columns} FROM bank_closings")
    op.drop_table("bank_closings")


def _payments() -> None:
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("preliminary_at", sa.BigInteger(), nullable=True))
        payments.add_column(sa.Column("anomaly", sa.String(40), nullable=True))
        payments.alter_column("consent_id", existing_type=sa.String(), nullable=True)


def _receipts() -> None:
    """Adds `repetition` to the key: the table is recreated, since SQLite cannot change a key."""
    columns = "payment_id, kind, amount, received_on, delivered_at"
    op.execute(f"CREATE TABLE receipts_before AS SELECT {columns} FROM receipts")
    op.drop_table("receipts")
    op.create_table(
        "receipts",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("repetition", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "kind", "repetition"),
    )
    op.execute(f"INSERT INTO receipts ({columns}) SELECT {columns} FROM receipts_before")
    op.drop_table("receipts_before")
