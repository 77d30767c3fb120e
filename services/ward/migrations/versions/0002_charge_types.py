"""Assessments and slips know their charge type (科目), slips how often they were reissued (再発行)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ward_0002"
down_revision = "ward_0001"
branch_labels = None

KEY = ["insured_number", "levy_year", "charge_type"]


def upgrade() -> None:
    op.add_column("slips", _charge_type())
    op.add_column("slips", sa.Column("reissue", sa.Integer(), server_default="0", nullable=False))
    op.add_column("slips", sa.Column("reissued_at", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("assessments", _charge_type())
        op.drop_constraint("assessments_pkey", "assessments", type_="primary")
        op.create_primary_key("assessments_pkey", "assessments", KEY)
    else:
        _copy_assessments()


def _copy_assessments() -> None:
    """SQLite cannot change a primary key, and this one has no name to go by."""
    op.rename_table("assessments", "assessments_before")
    op.create_table(
        "assessments",
        sa.Column("insured_number", sa.String(), nullable=False),
        sa.Column("levy_year", sa.Integer(), nullable=False),
        _charge_type(),
        sa.Column("annual_amount", sa.BigInteger(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY),
    )
    columns = "insured_number, levy_year, annual_amount, assessed_at"
    op.execute(f"INSERT INTO assessments ({columns}) SELECT {columns} FROM assessments_before")
    op.drop_table("assessments_before")


def _charge_type() -> sa.Column[str]:
    """Slips issued before this revision are of 介護保険料."""
    return sa.Column("charge_type", sa.String(40), server_default="care_insurance", nullable=False)
