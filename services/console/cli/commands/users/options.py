"""Options of the commands: which party's users."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from contracts import topics
from services.chassis.access.users import UnusableUsers, User, read_users, write_users
from services.console.cli.output import fail
from services.console.stack.addresses import process_of
from services.console.stack.credentials import users_file

Party = Annotated[str, typer.Option("--party", metavar="PARTY", help="The party, or console.")]
File = Annotated[
    Path | None, typer.Option("--file", dir_okay=False, help="A users file, in place of one in the data folder.")
]


def users_path(party: str, folder: Path, file: Path | None) -> Path:
    """The file that the options name."""
    if file is not None:
        return file
    try:
        return users_file(folder, party if party == topics.CONSOLE else process_of(party).principal)
    except LookupError as unknown:
        fail(str(unknown.args[0]))


def users_in(path: Path) -> Sequence[User]:
    """The users in a file; none if there is no file."""
    try:
        return read_users(path) if path.exists() else ()
    except UnusableUsers as wrong:
        fail(str(wrong))


def save(path: Path, users: Sequence[User]) -> None:
    try:
        write_users(path, users)
    except OSError as wrong:
        fail(f"{path} cannot be written ({wrong.strerror}); name another --file")
