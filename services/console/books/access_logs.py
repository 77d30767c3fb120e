"""Access logs as they are read and checked: from the databases of a data folder, a running stack, or a saved file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from sqlalchemy import MetaData

from contracts.access_log import Access, Checkpoint, Entry
from contracts.bounds import shown
from contracts.duties.duty import RecordKind
from contracts.http.access import AccessView
from contracts.http.duties import DutyRecordView
from contracts.parties import PARTIES
from services.chassis.access_log import AccessLog
from services.chassis.duties.register import Register, Wanted
from services.chassis.signing import is_signed
from services.console.books.reading import read_party
from services.console.stack.clients import StackClient

PAGE: Final = 1_000
KIND: Final = RecordKind.ACCESS_LOG_CHECKPOINTED
MOST_KEPT: Final = 100_000
Line = TypeVar("Line", Entry, Checkpoint)


async def log_in_folder(folder: Path, principal: str) -> Sequence[Entry]:
    """A party's whole log. Raises `LookupError` if its database is missing or unreadable."""
    return await read_party(folder, principal, AccessLog(MetaData()).entries)


async def log_of_stack(client: StackClient, principal: str, after: int = 0) -> AsyncIterator[Entry]:
    """A party's log from the entry after this number on. Raises `Refused`, `Unreachable`."""
    while True:
        views = await client.get(principal, "/ops/access-log", after=after, limit=PAGE)
        for view in map(AccessView.model_validate, views):
            yield entry_of(view)
            after = view.number
        if len(views) < PAGE:
            break


async def checkpoints_in_folder(folder: Path, principal: str) -> Mapping[str, Sequence[Checkpoint]]:
    """What the other parties' databases hold of a party's log, by party. Raises `LookupError` like `log_in_folder`."""
    held: dict[str, Sequence[Checkpoint]] = {}
    for keeper in PARTIES:
        if keeper != principal:
            listed = partial(Register(MetaData(), keeper).listed, wanted=Wanted(KIND, limit=MOST_KEPT))
            found = [registered.view for registered in await read_party(folder, keeper, listed)]
            held[keeper] = kept_of(found, principal)
    return held


async def checkpoints_of_stack(client: StackClient, principal: str) -> Mapping[str, Sequence[Checkpoint]]:
    """What the other parties' registers hold of a party's log, by party. Raises `Refused`, `Unreachable`."""
    held: dict[str, Sequence[Checkpoint]] = {}
    for keeper in PARTIES:
        if keeper != principal:
            found = await client.get(keeper, "/duties/records", kind=KIND.value)
            held[keeper] = kept_of([DutyRecordView.model_validate(one) for one in found], principal)
    return held


def kept_of(views: Sequence[DutyRecordView], principal: str) -> Sequence[Checkpoint]:
    """The checkpoints of a party's log among records of that kind, signed with its key when they came, by time."""
    held = [view for view in views if view.holds and view.content["party"] == principal]
    return [msgspec.convert(view.content, Checkpoint) for view in sorted(held, key=lambda view: view.at)]


def forged(checkpoints: Iterable[Checkpoint]) -> Sequence[str]:
    """What is wrong with the signatures: each is by the key of the first of its party."""
    keys: dict[str, str] = {}
    ordered = sorted(checkpoints, key=lambda c: c.on)
    wrong = [c for c in ordered if keys.setdefault(c.party, c.public_key) != c.public_key or not _is_signed(c)]
    return [
        f"the checkpoint of {c.on}, entry {c.number}, is not signed with the key of {shown(c.party)}" for c in wrong
    ]


def _is_signed(checkpoint: Checkpoint) -> bool:
    return is_signed(checkpoint.public_key, checkpoint.signature, checkpoint.signed_text)


def entry_of(view: AccessView) -> Entry:
    access = Access(view.at, view.user, view.roles, view.what, view.whose, view.why)
    return Entry(view.number, access, view.mark, view.salt, view.commitment)


def to_line(entry: Entry | Checkpoint) -> str:
    """An entry or a checkpoint in a file: JSON, one line each."""
    return msgspec.json.encode(entry).decode()


def saved_log(path: Path) -> Sequence[Entry]:
    """A log from a file. Raises `LookupError` naming the line that is no entry."""
    return _saved(path, Entry, "save a log with: sansha access log --save FILE")


def saved_checkpoints(path: Path) -> Sequence[Checkpoint]:
    """Checkpoints from a file. Raises `LookupError` naming the line that is none."""
    return _saved(path, Checkpoint, "save them with: sansha access checkpoints --save FILE")


def _saved(path: Path, kind: type[Line], remedy: str) -> list[Line]:
    found: list[Line] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise LookupError(f"{path} cannot be read ({wrong})") from None
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=kind))
        except msgspec.DecodeError as wrong:
            raise LookupError(f"{path}, line {number}: {wrong}; {remedy}") from None
    return found
