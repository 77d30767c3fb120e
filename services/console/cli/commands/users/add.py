"""`sansha users add`: a new user of a party."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from contracts import topics
from contracts.roles import Role
from services.chassis.access.users import with_key, with_password
from services.chassis.identity import random_token
from services.console.cli.commands.users.options import File, Party, save, users_in, users_path
from services.console.cli.options import Folder
from services.console.cli.output import err, fail, out
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def add(
    user: Annotated[str, typer.Argument(metavar="USER", help="Name: lower-case letters, digits, . _ -")],
    role: Annotated[list[Role], typer.Option(help="What the user may see and do; may be given several times.")],
    party: Party = topics.WARD,
    purpose: Annotated[
        str, typer.Option(metavar="TEXT", help="利用目的: makes it software, with a key, that reads data for this.")
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Give a user that exists a new secret and roles.")] = False,
    database_dir: Folder = DEFAULT_FOLDER,
    file: File = None,
) -> None:
    """Add a person, with a new password, or software, with a new key; either is shown once.

    A person logs in with user, password and purpose: POST /sessions. A running party knows the user at once.
    """
    path = users_path(party, database_dir, file)
    others = [other for other in users_in(path) if other.user != user]
    if len(others) < len(users_in(path)) and not replace:
        fail(f"{user} is a user already; give --replace for a new secret, or another name")
    try:
        if purpose:
            made, secret = with_key(user, role, purpose)
        else:
            secret = random_token()
            made = with_password(user, role, secret)
    except ValueError as wrong:
        fail(str(wrong))
    save(path, [*others, made])
    err.print(
        f"{escape(user)} is a user in {escape(str(path))}; its {'key' if purpose else 'password'}:", soft_wrap=True
    )
    out.print(secret)
