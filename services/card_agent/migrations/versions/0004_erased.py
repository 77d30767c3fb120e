"""消去: an authorization says when what leads to a card was erased."""

import sqlalchemy as sa
from alembic import op

revision = "card_agent_0004"
down_revision = "card_agent_0003"
branch_labels = None


def upgrade() -> None:
    op.add_column("authorizations", sa.Column("erased_at", sa.BigInteger(), nullable=True))
