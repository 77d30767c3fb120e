"""代理納付引受: the column is named as the event is, `accepted_at`."""

from __future__ import annotations

from alembic import op

revision = "card_agent_0003"
down_revision = "card_agent_0002"
branch_labels = None


def upgrade() -> None:
    op.alter_column("authorizations", "taken_on_at", new_column_name="accepted_at")
