"""`sansha backup pack`: encrypt files, such as dumps of PostgreSQL, into a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.console.backup.making import keep_latest
from services.console.backup.making import pack as pack_files
from services.console.backup.snapshot import CannotBackUp
from services.console.cli.commands.backup import DEFAULT_TO, Keys, To, keys_of
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def pack(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Files to pack.")],
    to: To = DEFAULT_TO,
    keys: Keys = None,
    keep: Annotated[
        int | None, typer.Option(min=1, max=10_000, metavar="N", help="Remove older ones than the latest N.")
    ] = None,
) -> None:
    """Encrypt files, such as dumps of PostgreSQL, into a backup with a key of its own. The files stay.

    sansha restore gives them back.
    """
    folder = keys_of(keys, DEFAULT_FOLDER)
    try:
        made = pack_files(files, to, folder)
        removed = [] if keep is None else keep_latest(to, folder, keep, "files")
    except CannotBackUp as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or to}: {failure.strerror}; nothing was backed up")
    out.print(f"packed {len(files)} files into {made}", soft_wrap=True)
    for name in removed:
        out.print(f"removed {name} and its key", soft_wrap=True)
