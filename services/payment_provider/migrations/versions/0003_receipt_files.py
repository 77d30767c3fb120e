"""Receipt files, and requests for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "payment_provider_0003"
down_revision = "payment_provider_0002"
branch_labels = None


def upgrade() -> None:
    op.add_column("receipts", sa.Column("file_name", sa.String(), nullable=True))
    op.create_index("receipts_of_file", "receipts", ["file_name", "delivered_at"], unique=False)
    op.create_table(
        "receipt_files",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("kept_until", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(op.f("ix_receipt_files_day"), "receipt_files", ["day"], unique=False)
    op.create_table(
        "receipt_file_parts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "starts_at"),
    )
    op.create_table(
        "terminal_accesses",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("terminal_user", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
