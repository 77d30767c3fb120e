"""`sansha users remove`: a user less."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from contracts import topics
from services.console.cli.commands.users.options import File, Party, save, users_in, users_path
from services.console.cli.options import Folder
from services.console.cli.output import fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def remove(
    user: Annotated[str, typer.Argument(metavar="USER")],
    party: Party = topics.WARD,
    database_dir: Folder = DEFAULT_FOLDER,
    file: File = None,
) -> None:
    """Remove a user: its key, password and sessions open nothing from then on."""
    path = users_path(party, database_dir, file)
    users = users_in(path)
    left = [other for other in users if other.user != user]
    if len(left) == len(users):
        fail(f"{user} is no user in {path}; list them with: sansha users list")
    save(path, left)
    out.print(f"{escape(user)} is removed")
