"""What a party tells the chassis about the erasure of its own data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.erasing import Cut, Rule


@dataclass(frozen=True, slots=True)
class Gone:
    """What an erasure has done to a party's own rows."""

    counts: Mapping[Rule, int]
    kept: Sequence[str] = ()
    """Ids of payments of that time that are not settled."""
    erased: Collection[str] = ()
    """Ids of payments that were erased."""
    persons: Collection[str] = ()
    """Numbers that were erased, as `kind:number`, in the form of the access log."""


@dataclass(frozen=True, slots=True)
class PartyData:
    """The rules of a party, and its statements; each within the transaction of its session."""

    rules: Sequence[Rule]
    holds: Callable[[AsyncConnection, Cut], Awaitable[bool]]
    """Whether there is anything of that time."""
    erase: Callable[[AsyncConnection, Cut, datetime], Awaitable[Gone]]
    """Erase what is settled, at this instant."""
