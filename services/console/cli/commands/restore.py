"""`sansha restore`: a backup, restored into a new folder or an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from services.chassis.backup_keys import KeyGone
from services.chassis.deferred import Deferred
from services.chassis.outages import Unusable
from services.console.backup.encryption import Altered
from services.console.backup.manifest import Manifest
from services.console.backup.restoring import NotRestored
from services.console.backup.restoring import restore as restore_backup
from services.console.backup.snapshot import CannotBackUp
from services.console.cli.commands.backup import Backup, Keys, keys_of, url_of
from services.console.cli.options import Folder
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

INTO_DATABASE: Final[Deferred[Manifest]] = Deferred(
    "services.console.cli.commands.backup.database:restored", extra="postgres"
)
app = typer.Typer(add_completion=False)


@app.command()
def restore(
    backup: Backup,
    into: Annotated[
        Path | None, typer.Option("--into", file_okay=False, metavar="DIR", help="A new data folder.")
    ] = None,
    into_database: Annotated[
        str | None, typer.Option(metavar="PARTY", help="The empty database on PostgreSQL of this party.")
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    keys: Keys = None,
) -> None:
    """復元: restore a backup into a new folder or an empty database, completely or not at all.

    Then: sansha up --database-dir DIR. A backup that was altered, is not complete, or whose key is gone is refused, and
    nothing is changed.
    """
    if (into is None) == (into_database is None):
        fail("give either --into DIR or --into-database PARTY")
    folder = keys_of(keys, database_dir)
    try:
        if into_database is not None:
            manifest = INTO_DATABASE.load()(backup, url_of(into_database), folder)
        else:
            assert into is not None, "one of the two is given"
            manifest = restore_backup(backup, into, folder)
    except (NotRestored, Altered, KeyGone, CannotBackUp, Unusable) as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or backup}: {failure.strerror or failure}; nothing was restored")
    where = into if into is not None else f"the database of {into_database}"
    out.print(f"restored {len(manifest.files)} files of {manifest.backup} into {escape(str(where))}", soft_wrap=True)
    if manifest.kind == "folder":
        out.print(f"the stack goes on with: sansha up --database-dir {into}", soft_wrap=True)
        out.print("the keys of the backups are there too; remove the former data folder with its own", soft_wrap=True)
