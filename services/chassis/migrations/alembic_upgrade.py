"""Applies revisions with Alembic."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from services.chassis.migrations import History, NewerDatabase

_SCRIPTS: Final = Path(__file__).parent


def upgrade(connection: Connection, histories: Sequence[History], versions: set[str]) -> None:
    """Apply what `versions` lacks of the histories, within the connection's transaction. Raises `NewerDatabase`."""
    config = Config(attributes={"connection": connection})
    folders = os.pathsep.join(str(history.folder) for history in histories)
    for option, value in (("script_location", str(_SCRIPTS)), ("version_locations", folders), ("path_separator", "os")):
        config.set_main_option(option, value.replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not versions <= known:
        url = connection.engine.url
        raise NewerDatabase(
            f"the database {url.set(drivername=url.get_backend_name())} is of version {', '.join(sorted(versions))}; "
            f"this sansha knows up to {', '.join(history.head for history in histories)}: upgrade sansha"
        )
    command.upgrade(config, "heads")
