"""The receipts of a month are found without going through those of all months."""

from __future__ import annotations

from alembic import op

revision = "ward_0006"
down_revision = "ward_0005"
branch_labels = None


def upgrade() -> None:
    op.create_index("receipts_of_month", "receipts", ["settler", "received_on"], unique=False)
