"""`sansha backup create`: back up a data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from services.console.backup.making import back_up, keep_latest
from services.console.backup.snapshot import CannotBackUp
from services.console.cli.commands.backup import DEFAULT_TO, Keys, To, keys_of
from services.console.cli.options import Folder
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def create(
    database_dir: Folder = DEFAULT_FOLDER,
    to: To = DEFAULT_TO,
    keys: Keys = None,
    keep: Annotated[
        int | None, typer.Option(min=1, max=10_000, metavar="N", help="Remove older backups than the latest N.")
    ] = None,
) -> None:
    """Back up a data folder while its stack runs: databases, log, users and keys as they are in one moment.

    Each backup is encrypted with a key of its own, which is not in it. Keep a copy of the keys elsewhere.
    """
    try:
        made = back_up(database_dir, to, keys_of(keys, database_dir))
        removed = [] if keep is None else keep_latest(to, keys_of(keys, database_dir), keep)
    except CannotBackUp as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or to}: {failure.strerror}; nothing was backed up")
    out.print(f"backed up {database_dir} into {made}", soft_wrap=True)
    for name in removed:
        out.print(f"removed {name} and its key", soft_wrap=True)
