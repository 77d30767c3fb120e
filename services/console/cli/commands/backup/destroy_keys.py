"""`sansha backup destroy-keys`: make backups unreadable for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from services.chassis import backup_keys
from services.chassis.machine_time import real_now
from services.console.cli.commands.backup import Keys, keys_of
from services.console.cli.options import Folder
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def destroy_keys(
    before: Annotated[
        str, typer.Option(metavar="INSTANT|now", help="Backups made before this, like 2026-11-30T00:00:00+09:00.")
    ],
    because: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the record.")],
    database_dir: Folder = DEFAULT_FOLDER,
    keys: Keys = None,
) -> None:
    """Destroy the keys of backups made before an instant: nobody can read them any more. It cannot be undone.

    The record stays beside the keys: which, when and why. Copies of the keys elsewhere are yours to destroy.
    """
    try:
        done = backup_keys.destroy_keys(keys_of(keys, database_dir), _instant(before), real_now(), because)
    except OSError as failure:
        fail(f"{failure.filename}: {failure.strerror}; run it again")
    for record in done:
        out.print(f"destroyed the key of {record.backup}: {escape(record.because)}", soft_wrap=True)
    out.print(f"{len(done)} keys destroyed")


def _instant(text: str) -> datetime:
    if text == "now":
        return real_now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--before {text!r} is no instant; write it like 2026-11-30T00:00:00+09:00, or now")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
