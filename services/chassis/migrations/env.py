"""The script that Alembic runs: applies revisions on the connection of `upgrade`, within its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
