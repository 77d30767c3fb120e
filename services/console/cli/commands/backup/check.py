"""`sansha backup check`: whether a backup can be restored."""

from __future__ import annotations

import typer

from services.chassis.backup_keys import KeyGone
from services.console.backup.encryption import Altered
from services.console.backup.restoring import check as check_backup
from services.console.cli.commands.backup import Backup, Keys, keys_of
from services.console.cli.options import Folder, Json
from services.console.cli.output import emit, fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def check(backup: Backup, database_dir: Folder = DEFAULT_FOLDER, keys: Keys = None, as_json: Json = False) -> None:
    """Check a backup: that its key is there, and every file complete and as it was written. Changes nothing.

    Exits with 1 if it cannot be restored.
    """
    try:
        manifest = check_backup(backup, keys_of(keys, database_dir))
    except (Altered, KeyGone) as wrong:
        fail(str(wrong), 1)
    if as_json:
        committed = {group: topics for group, topics in manifest.committed.items()}
        emit({"backup": manifest.backup, "kind": manifest.kind, "program": manifest.program, "committed": committed})
        return
    content = sum(entry.content_bytes for entry in manifest.files)
    out.print(f"{manifest.backup}: {len(manifest.files)} files, {content:,} bytes, complete and unchanged")
