"""Consents, payments, receipts, bank closings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "payment_provider_0001"
down_revision = None
branch_labels = ("payment_provider",)


def upgrade() -> None:
    _bank_closings()
    _consents()
    _payments()
    _receipts()


def _bank_closings() -> None:
    op.create_table(
        "bank_closings",
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("deposit_on", sa.Date(), nullable=False),
        sa.Column("payment_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("deposit_id", sa.String(), nullable=True),
        sa.Column("deposited_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("closed_on"),
        sa.UniqueConstraint("statement_id"),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.String(), nullable=False),
        sa.Column("app_user", sa.String(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("consented_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id"),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("barcode", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("consent_id", sa.String(), nullable=False),
        sa.Column("scanned_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("method", sa.String(40), nullable=True),
        sa.Column("settler", sa.String(40), nullable=True),
        sa.Column("agent", sa.String(40), nullable=True),
        sa.Column("card_token", sa.String(), nullable=True),
        sa.Column("brand", sa.String(40), nullable=True),
        sa.Column("last4", sa.String(), nullable=True),
        sa.Column("bank_code", sa.String(), nullable=True),
        sa.Column("decline_reason", sa.String(40), nullable=True),
        sa.Column("method_chosen_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("confirm_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("deposit_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("payment_id"),
        sa.UniqueConstraint("slip_number", "attempt"),
    )
    op.create_index(op.f("ix_payments_closes_on"), "payments", ["closes_on"], unique=False)


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "kind"),
    )
