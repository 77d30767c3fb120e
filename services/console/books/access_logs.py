"""Access logs as they are read and checked: from the databases of a data folder, a running stack, or a saved file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import MetaData

from contracts.access_log import Access, Entry
from contracts.http.access import AccessView
from services.chassis.access_log import AccessLog
from services.console.books.reading import read_party
from services.console.stack.clients import StackClient

PAGE: Final = 1_000


async def log_in_folder(folder: Path, principal: str) -> Sequence[Entry]:
    """A party's whole log. Raises `LookupError` if its database is missing or unreadable."""
    return await read_party(folder, principal, AccessLog(MetaData()).entries)


async def log_of_stack(client: StackClient, principal: str, after: int = 0) -> AsyncIterator[Entry]:
    """A party's log from the entry after this number on. Raises `Refused`, `Unreachable`."""
    while True:
        views = await client.get(principal, "/ops/access-log", after=after, limit=PAGE)
        for view in map(AccessView.model_validate, views):
            yield Entry(view.number, Access(view.at, view.user, view.roles, view.what, view.whose, view.why), view.mark)
            after = view.number
        if len(views) < PAGE:
            break


def to_line(entry: Entry) -> str:
    """An entry in a saved log: JSON, one line each."""
    return msgspec.json.encode(entry).decode()


def saved_log(path: Path) -> Sequence[Entry]:
    """A log from a file. Raises `LookupError` naming the line that is no entry."""
    entries: list[Entry] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise LookupError(f"{path} cannot be read ({wrong})") from None
    for number, line in enumerate(lines, 1):
        try:
            entries.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError as wrong:
            raise LookupError(
                f"{path}, line {number}: {wrong}; save a log with: sansha access log --save FILE"
            ) from None
    return entries
