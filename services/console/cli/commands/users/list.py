"""`sansha users list`: the users of a party."""

from __future__ import annotations

import typer
from rich.table import Table

from contracts import topics
from contracts.roles import ROLE_NAMES
from services.console.cli.commands.users.options import File, Party, users_in, users_path
from services.console.cli.options import Folder, Json
from services.console.cli.output import emit, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command("list")
def list_users(
    party: Party = topics.WARD, database_dir: Folder = DEFAULT_FOLDER, file: File = None, as_json: Json = False
) -> None:
    """List the users of a party and their roles."""
    users = users_in(users_path(party, database_dir, file))
    if as_json:
        emit([{"user": u.user, "roles": u.roles, "software": bool(u.key_sha256)} for u in users])
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("利用者 user", overflow="fold")
    table.add_column("役割 roles", overflow="fold")
    for user in users:
        kind = "" if user.key_sha256 else " (password)"
        table.add_row(user.user + kind, ", ".join(ROLE_NAMES[role].japanese for role in user.roles))
    out.print(table if users else "no users; add one with: sansha users add USER --role ROLE")
