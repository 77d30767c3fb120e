"""What Alembic runs: revisions, on the connection that `migrate` holds, within its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
