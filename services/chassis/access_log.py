"""アクセス記録: a party's log of who saw whose personal data. An answer is sent once its entry is durable.

Reads that come at once are recorded in one transaction; replicas take turns, so that the chain has no gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Row, String, Table, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access_log import FIRST_MARK, SALT_BYTES, Access, Entry, chained
from services.chassis.database import Database
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.identity import random_key

_PURPOSE: Final = "access log"
_AT_ONCE: Final = 500


class AccessLog:
    """The table of entries. They are added only: none is changed or deleted, but for its persons on their day."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "access_log",
            metadata,
            Column("number", BigInteger, primary_key=True, autoincrement=False),
            Column("at", Instant, nullable=False),
            Column("user", String, nullable=False),
            Column("roles", String, nullable=False),
            Column("what", String, nullable=False),
            Column("whose", String),
            Column("why", String, nullable=False),
            Column("mark", LargeBinary, nullable=False),
            Column("salt", LargeBinary),
            Column("commitment", LargeBinary, nullable=False),
        )
        """`whose` and `salt` are NULL once the persons were erased."""
        self._add = Bulk(self.table.insert())

    async def append(self, session: AsyncConnection, accesses: Sequence[Access]) -> None:
        """Add the next entries. The caller's transaction is the only one that does so."""
        t = self.table
        last = (await session.execute(select(t.c.number, t.c.mark).order_by(t.c.number.desc()).limit(1))).one_or_none()
        number, mark = (0, FIRST_MARK) if last is None else last
        await self._add.execute(session, [*map(_row, chained(accesses, _salt, number, mark))])

    async def count(self, session: AsyncConnection) -> int:
        """How many entries there are: they are numbered from 1, without gaps."""
        number = select(self.table.c.number).order_by(self.table.c.number.desc()).limit(1)
        return int((await session.execute(number)).scalar() or 0)

    async def last_until(self, session: AsyncConnection, at: datetime) -> tuple[int, str] | None:
        """Number and mark of the last entry until an instant; None if there is none."""
        t = self.table.c
        query = select(t.number, t.mark).where(t.at <= at).order_by(t.number.desc()).limit(1)
        last = (await session.execute(query)).one_or_none()
        return None if last is None else (last.number, last.mark.hex())

    async def entries(self, session: AsyncConnection, after: int = 0, limit: int | None = None) -> Sequence[Entry]:
        """In order, from the entry after this number."""
        t = self.table
        query = select(t).where(t.c.number > after).order_by(t.c.number).limit(limit)
        return [*map(_entry, await session.execute(query))]

    async def erase_persons(self, session: AsyncConnection, before: datetime, erased: Collection[str]) -> int:
        """Take the persons out of the entries before an instant, and of later ones that name one of these.

        `erased` are `kind:number`. Returns how many entries there were; the chain still holds.
        """
        t = self.table
        named = await session.execute(select(t.c.number, t.c.whose).where(t.c.whose.is_not(None), t.c.at >= before))
        later = [number for number, whose in named if not set(_names(whose)).isdisjoint(erased)]
        told = or_(t.c.at < before, t.c.number.in_(later)) if later else t.c.at < before
        change = update(t).where(t.c.whose.is_not(None), told).values(whose=None, salt=None)
        return (await session.execute(change)).rowcount


class AccessRecorder:
    """Records reads, those that come at once together."""

    def __init__(self, database: Database, log: AccessLog) -> None:
        self._database, self._log = database, log
        self._gathering: list[tuple[Access, asyncio.Future[None]]] = []
        self._leader: asyncio.Task[None] | None = None

    async def record(self, access: Access) -> None:
        """Returns once the entry is durable. Raises what the database raises."""
        recorded = asyncio.get_running_loop().create_future()
        self._gathering.append((access, recorded))
        if self._leader is None:
            self._leader = asyncio.create_task(self._lead())
        await recorded

    async def _lead(self) -> None:
        batch: list[tuple[Access, asyncio.Future[None]]] = []
        try:
            while batch := self._gathering[:_AT_ONCE]:
                del self._gathering[: len(batch)]
                failure = await self._written([access for access, _ in batch])
                for _, recorded in batch:
                    if recorded.done():  # its caller has left
                        continue
                    if failure is None:
                        recorded.set_result(None)
                    else:
                        recorded.set_exception(failure)
        finally:
            self._leader = None
            for _, recorded in (*batch, *self._gathering):  # some are left if the process is going down
                recorded.cancel()

    async def _written(self, accesses: Sequence[Access]) -> Exception | None:
        try:
            async with self._database.exclusive(_PURPOSE) as session:
                await self._log.append(session, accesses)
        except Exception as failure:
            return failure
        return None


def _row(entry: Entry) -> dict[str, Any]:
    access = entry.access
    return {
        "number": entry.number,
        "at": access.at,
        "user": access.user,
        "roles": _listed(access.roles),
        "what": access.what,
        "whose": _listed(access.whose),
        "why": access.why,
        "mark": bytes.fromhex(entry.mark),
        "salt": bytes.fromhex(entry.salt),
        "commitment": bytes.fromhex(entry.commitment),
    }


def _entry(r: Row[Any]) -> Entry:
    access = Access(r.at, r.user, _names(r.roles), r.what, _names(r.whose or "[]"), r.why)
    return Entry(r.number, access, r.mark.hex(), (r.salt or b"").hex(), r.commitment.hex())


def _salt() -> bytes:
    return random_key()[:SALT_BYTES]


def _listed(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()


def _names(listed: str) -> tuple[str, ...]:
    return msgspec.json.decode(listed, type=tuple[str, ...])
