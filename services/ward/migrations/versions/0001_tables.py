"""Assessments, slips, receipts, the ledger, statements and deposits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ward_0001"
down_revision = None
branch_labels = ("ward",)


def upgrade() -> None:
    _assessments()
    _deposits()
    _discrepancies()
    _receipts()
    _slips()
    _statement_lines()
    _statement_pages()
    _statements()
    _transfers()


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("insured_number", sa.String(), nullable=False),
        sa.Column("levy_year", sa.Integer(), nullable=False),
        sa.Column("annual_amount", sa.BigInteger(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("insured_number", "levy_year"),
    )


def _deposits() -> None:
    op.create_table(
        "deposits",
        sa.Column("deposit_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("settler", sa.String(40), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("deposited_on", sa.Date(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("deposit_id"),
    )
    op.create_index(op.f("ix_deposits_statement_id"), "deposits", ["statement_id"], unique=False)


def _discrepancies() -> None:
    op.create_table(
        "discrepancies",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "about"),
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("slip_known", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("settler", sa.String(40), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "kind"),
    )


def _slips() -> None:
    op.create_table(
        "slips",
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("insured_number", sa.String(), nullable=False),
        sa.Column("levy_year", sa.Integer(), nullable=False),
        sa.Column("instalment", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("use_by", sa.Date(), nullable=True),
        sa.Column("barcode", sa.String(), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("slip_number"),
    )
    op.create_index("slips_of_person", "slips", ["insured_number", "levy_year"], unique=False)


def _statement_lines() -> None:
    op.create_table(
        "statement_lines",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", "payment_id"),
    )
    op.create_index("statement_lines_of_payment", "statement_lines", ["payment_id"], unique=False)


def _statement_pages() -> None:
    op.create_table(
        "statement_pages",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("line_amount", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", "page"),
    )


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("settler", sa.String(40), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("deposit_on", sa.Date(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("booked_fee", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("booked_difference", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("reconciled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("statement_id"),
    )
    op.create_index(op.f("ix_statements_reconciled_at"), "statements", ["reconciled_at"], unique=False)


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("debit", sa.String(40), nullable=False),
        sa.Column("credit", sa.String(40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("booked_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name="transfers_amount"),
        sa.CheckConstraint("debit <> credit", name="transfers_sides"),
        sa.PrimaryKeyConstraint("source", "entry"),
    )
