"""Accounts, cards, authorizations, closings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "card_agent_0001"
down_revision = None
branch_labels = ("card_agent",)


def upgrade() -> None:
    _accounts()
    _authorizations()
    _cards()
    _closings()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )


def _authorizations() -> None:
    op.create_table(
        "authorizations",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("card_token", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_due_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("decline_reason", sa.String(40), nullable=True),
        sa.Column("approval_code", sa.String(), nullable=True),
        sa.Column("reversal_asked_at", sa.BigInteger(), nullable=True),
        sa.Column("reversed_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_on_at", sa.BigInteger(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawal_missed_at", sa.BigInteger(), nullable=True),
        sa.Column("deposited_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("payment_id"),
    )
    op.create_index("authorizations_by_closing", "authorizations", ["closes_on", "status"], unique=False)


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("card_token", sa.String(), nullable=False),
        sa.Column("card_key", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("brand", sa.String(40), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("expiry_year", sa.Integer(), nullable=False),
        sa.Column("expiry_month", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("tokenized_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("card_token"),
        sa.UniqueConstraint("card_key"),
    )


def _closings() -> None:
    op.create_table(
        "closings",
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("deposit_on", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("deposit_id", sa.String(), nullable=True),
        sa.Column("deposited_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("closed_on"),
        sa.UniqueConstraint("statement_id"),
    )
