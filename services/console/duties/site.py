"""Where an inspection looks: a running stack, and its data folder if that is on this machine; or a folder alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from contracts.http.duties import DutyRecordView
from services.console.duties.words import Said
from services.console.stack.clients import StackClient

BACKUPS: Final = Path("sansha-backups")


@dataclass(frozen=True, slots=True)
class Site:
    """What a check may look at. `records` are those of all registers."""

    client: StackClient | None
    """None for a folder alone: nothing runs."""
    folder: Path | None
    """None for a stack on other hosts."""
    records: Sequence[DutyRecordView] = ()
    backups: Path = BACKUPS
    """Where the data folder's backups are."""


class Found(NamedTuple):
    """What a check found. `holds` is None where it cannot be told from here."""

    holds: bool | None
    said: Said


Check = Callable[[str, Site], Awaitable[Found]]
"""Checks one party."""


def cannot_tell(japanese: str, english: str) -> Found:
    return Found(None, Said(japanese, english))


def holds(japanese: str, english: str) -> Found:
    return Found(True, Said(japanese, english))


def fails(japanese: str, english: str) -> Found:
    return Found(False, Said(japanese, english))


NOT_RUNNING = cannot_tell(
    "停止中のため確認できない。sansha up で起動して再度実行する。",
    "cannot be seen in a folder: start the stack with sansha up, and ask again",
)


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" … +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more
