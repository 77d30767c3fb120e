"""消去の記録: each erasure with what was erased, what was kept, and whether it is finished. Never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Column, Date, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.columns import Instant

Counted = tuple[str, int]
"""A kind's name, and how many rows, files or keys."""


class Erased(NamedTuple):
    """One erasure. `finished_at` is None until nothing of it is left in files and keys, and it is certified."""

    erasure_id: str
    number: int
    due_on: date
    data_until: date
    erased_at: datetime
    keys_before: str
    """Keys of the months before this one, as in `2022-06`, are destroyed; empty for none."""
    kinds: tuple[Counted, ...]
    kept: tuple[str, ...]
    """Ids of payments that are not settled: they are erased by a further one."""
    certificates: int = 0
    finished_at: datetime | None = None


class Erasures:
    """The table of erasures of one party."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "erasures",
            metadata,
            Column("erasure_id", String, primary_key=True),
            Column("number", Integer, nullable=False),
            Column("due_on", Date, nullable=False),
            Column("data_until", Date, nullable=False),
            Column("erased_at", Instant, nullable=False),
            Column("keys_before", String, nullable=False),
            Column("kinds", String, nullable=False),
            Column("kept", String, nullable=False),
            Column("certificates", Integer, nullable=False, server_default="0"),
            Column("finished_at", Instant),
        )

    async def add(self, session: AsyncConnection, erased: Erased) -> None:
        """Raises `IntegrityError` if another replica was first."""
        row = {**erased._asdict(), "kinds": _json(erased.kinds), "kept": _json(erased.kept)}
        await session.execute(insert(self.table).values(row))

    async def find(self, session: AsyncConnection, erasure_id: str, *, locked: bool = False) -> Erased | None:
        query = select(self.table).where(self.table.c.erasure_id == erasure_id)
        rows = await session.execute(query.with_for_update() if locked else query)
        return next((_erased(row) for row in rows), None)

    async def finish(self, session: AsyncConnection, erasure_id: str, at: datetime, certificates: int) -> None:
        done = update(self.table).where(self.table.c.erasure_id == erasure_id)
        await session.execute(done.values(finished_at=at, certificates=certificates))

    async def all(self, session: AsyncConnection) -> Sequence[Erased]:
        """The earliest first."""
        return [*map(_erased, await session.execute(select(self.table).order_by(self.table.c.erased_at)))]


def _json(value: Sequence[object]) -> str:
    return msgspec.json.encode(value).decode()


def _erased(row: object) -> Erased:
    found = row._asdict()  # type: ignore[attr-defined]
    kinds = msgspec.json.decode(found.pop("kinds"), type=tuple[Counted, ...])
    kept = msgspec.json.decode(found.pop("kept"), type=tuple[str, ...])
    return Erased(**found, kinds=kinds, kept=kept)
