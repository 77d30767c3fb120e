"""Settlements that do not agree and decisions about them; named days, and proxy payments that ceased to count.

Every earlier deposit counts for its own statement, on the ward's account. A replica of the previous version cannot work
on these tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ward_0004"
down_revision = "ward_0003"
branch_labels = None


def upgrade() -> None:
    _statements()
    _deposits()
    _resolutions()
    _lapses()
    op.create_table(
        "watched_months",
        sa.Column("settler", sa.String(40), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("settler", "month"),
    )


def _statements() -> None:
    op.add_column("statements", sa.Column("booked_claim", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("statements", sa.Column("named_day", sa.Date(), nullable=True))
    op.add_column("statements", sa.Column("overdue_since", sa.BigInteger(), nullable=True))
    op.add_column("statements", sa.Column("lapsed_at", sa.BigInteger(), nullable=True))
    op.add_column("statement_lines", sa.Column("approved_at", sa.BigInteger(), nullable=True))
    op.add_column("statement_lines", sa.Column("entrusted_at", sa.BigInteger(), nullable=True))
    op.add_column("statement_lines", sa.Column("decided", sa.String(40), nullable=True))


def _deposits() -> None:
    op.add_column("deposits", sa.Column("account", sa.String(), server_default="", nullable=False))
    op.add_column("deposits", sa.Column("counts_for", sa.String(), nullable=True))
    op.execute("UPDATE deposits SET counts_for = statement_id")
    op.drop_index(op.f("ix_deposits_statement_id"), "deposits")
    with op.batch_alter_table("deposits") as deposits:
        deposits.alter_column("counts_for", existing_type=sa.String(), nullable=False)
    op.create_index(op.f("ix_deposits_counts_for"), "deposits", ["counts_for"], unique=False)


def _resolutions() -> None:
    op.create_table(
        "resolutions",
        sa.Column("resolution_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("deposit_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("effect", sa.BigInteger(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("restored", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resolution_id"),
    )
    op.create_index(op.f("ix_resolutions_statement_id"), "resolutions", ["statement_id"], unique=False)


def _lapses() -> None:
    op.create_table(
        "lapses",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("counted_since", sa.Date(), nullable=False),
        sa.Column("lapsed_at", sa.BigInteger(), nullable=False),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.Column("counts_from", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("payment_id"),
    )
    op.create_index(op.f("ix_lapses_statement_id"), "lapses", ["statement_id"], unique=False)
