"""`sansha backup list`: the backups of a folder."""

from __future__ import annotations

import typer

from services.chassis.backup_keys import backups_with_keys, destroyed
from services.console.backup.encryption import Altered
from services.console.backup.making import backups
from services.console.backup.manifest import Manifest
from services.console.cli.commands.backup import DEFAULT_TO, Keys, To, keys_of
from services.console.cli.options import Folder, Json
from services.console.cli.output import emit, fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command("list")
def on_folder(
    to: To = DEFAULT_TO, database_dir: Folder = DEFAULT_FOLDER, keys: Keys = None, as_json: Json = False
) -> None:
    """List the backups of a folder, and whether the key of each is there, or when it was destroyed."""
    folder = keys_of(keys, database_dir)
    there = set(backups_with_keys(folder))
    gone = {record.backup: f"destroyed {record.destroyed_at}: {record.because}" for record in destroyed(folder)}
    rows = []
    for one in backups(to):
        try:
            manifest, _ = Manifest.read(one)
        except Altered as wrong:
            fail(str(wrong))
        key = "there" if one.name in there else gone.get(one.name, "missing")
        size = sum(entry.bytes for entry in manifest.files)
        rows.append({"backup": one.name, "kind": manifest.kind, "bytes": size, "key": key})
    if as_json:
        emit(rows)
        return
    for row in rows:
        out.print(f"{row['backup']}  {row['kind']}  {row['bytes']:,} bytes  key {row['key']}", soft_wrap=True)
    if not rows:
        out.print(f"there is no backup in {to}")
