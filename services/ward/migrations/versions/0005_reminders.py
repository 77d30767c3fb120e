"""Reminders (督促状), and what becomes of overpayments (過誤納). Slips issued before are not reminded of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ward_0005"
down_revision = "ward_0004"
branch_labels = None


def upgrade() -> None:
    op.add_column("slips", sa.Column("remind_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_slips_remind_on"), "slips", ["remind_on"], unique=False)
    _reminders()
    _overpayments()


def _reminders() -> None:
    op.create_table(
        "reminder_days",
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("remind_on"),
    )
    op.create_table(
        "reminders",
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("outstanding", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slip_number", "number"),
    )


def _overpayments() -> None:
    op.create_table(
        "overpayments",
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("decide_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slip_number"),
    )
    op.create_table(
        "overpayment_uses",
        sa.Column("slip_number", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("to_slip", sa.String(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reclaimed", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("slip_number", "number"),
    )
    op.create_index(op.f("ix_overpayment_uses_to_slip"), "overpayment_uses", ["to_slip"], unique=False)
