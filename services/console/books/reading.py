"""Reads the parties' books, to audit them: from the databases of a data folder, or from a running stack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.books import Books
from contracts.vocabulary import Agent
from services.card_agent.app import books as card_agent_books
from services.chassis.clock import monotonic, pause
from services.chassis.database import Database
from services.chassis.outages import Unusable
from services.console.books.audit import Audit, audit
from services.console.folder import database_url
from services.console.stack.addresses import PROCESSES
from services.console.stack.clients import StackClient
from services.payment_provider.app import books as payment_provider_books
from services.ward.app import books as ward_books

REST_SECONDS = 3.0
"""In a running stack an event may have reached one book only: differences are read again for this long."""

Found = TypeVar("Found")
Reader = Callable[[AsyncConnection], Awaitable[Books]]


def _readers() -> Mapping[str, Reader]:
    agents = {topics.card_agent(agent): partial(card_agent_books, agent=agent) for agent in Agent}
    return {topics.WARD: ward_books, topics.PAYMENT_PROVIDER: payment_provider_books, **agents}


async def read_books(folder: Path) -> dict[str, Books]:
    """Every party's books. Raises `LookupError` naming what is missing or unreadable."""
    missing = [f"{name}.db" for name in _readers() if not (folder / f"{name}.db").exists()]
    if missing:
        raise _missing(folder, *missing)
    return {principal: await read_party(folder, principal, read) for principal, read in _readers().items()}


async def read_party(folder: Path, principal: str, read: Callable[[AsyncConnection], Awaitable[Found]]) -> Found:
    """Read one party's database. Raises `LookupError` if it is missing or unreadable."""
    path = folder / f"{principal}.db"
    if not path.exists():
        raise _missing(folder, path.name)
    database = Database(database_url(folder, principal), read_only=True)
    try:
        async with database.read() as session:
            return await read(session)
    except DBAPIError as wrong:
        raise LookupError(f"{path} cannot be read ({wrong.orig}); it is no {principal} of this version") from None
    except Unusable as damaged:
        raise LookupError(str(damaged)) from None
    finally:
        await database.close()


def _missing(folder: Path, *names: str) -> LookupError:
    return LookupError(f"{folder} has no {', '.join(names)}; name the folder of a stack or a demo with --database-dir")


async def stack_books(client: StackClient) -> dict[str, Books]:
    """Every party's books, from a running stack. Raises `Refused`, `Unreachable`."""
    principals = [place.principal for place in PROCESSES]
    found = await asyncio.gather(*map(client.books, principals))
    return dict(zip(principals, found, strict=True))


async def audit_folder(folder: Path) -> Audit:
    return await _audit_at_rest(partial(read_books, folder))


async def audit_stack(client: StackClient) -> Audit:
    """Audit a running stack, whatever its databases are."""
    return await _audit_at_rest(partial(stack_books, client))


async def _audit_at_rest(read: Callable[[], Awaitable[Mapping[str, Books]]]) -> Audit:
    deadline = monotonic() + REST_SECONDS
    while True:
        found = audit(await read())
        if found.conserved or monotonic() > deadline:
            return found
        await pause(0.2)
