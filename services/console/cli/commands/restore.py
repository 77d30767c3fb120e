"""`sansha restore`: a backup, restored into a new folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.chassis.backup_keys import KeyGone
from services.console.backup.encryption import Altered
from services.console.backup.restoring import NotRestored
from services.console.backup.restoring import restore as restore_backup
from services.console.cli.commands.backup import Backup, Keys, keys_of
from services.console.cli.options import Folder
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def restore(
    backup: Backup,
    into: Annotated[Path, typer.Option("--into", file_okay=False, metavar="DIR", help="A new data folder.")],
    database_dir: Folder = DEFAULT_FOLDER,
    keys: Keys = None,
) -> None:
    """復元: restore a backup into a new folder, completely or not at all.

    Then: sansha up --database-dir DIR.

    A backup that was altered, is not complete, or whose key is gone is refused, and nothing is changed.
    """
    try:
        manifest = restore_backup(backup, into, keys_of(keys, database_dir))
    except (NotRestored, Altered, KeyGone) as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or into}: {failure.strerror}; nothing was restored")
    out.print(f"restored {len(manifest.files)} files of {manifest.backup} into {into}", soft_wrap=True)
    if manifest.kind == "folder":
        out.print(f"the stack goes on with: sansha up --database-dir {into}", soft_wrap=True)
        out.print("the keys of the backups are there too; remove the former data folder with its own", soft_wrap=True)
