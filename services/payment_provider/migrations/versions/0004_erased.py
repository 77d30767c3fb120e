"""消去: a payment says when what leads to a person was erased."""

import sqlalchemy as sa
from alembic import op

revision = "payment_provider_0004"
down_revision = "payment_provider_0003"
branch_labels = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("erased_at", sa.BigInteger(), nullable=True))
