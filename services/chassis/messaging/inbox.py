"""Inbox: that an event was handled commits with its effects, so a second delivery changes nothing.

One inbox per party's database; its key is the event id. A fingerprint of the value tells a redelivery from
another event under the same id, which is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.transaction import Transaction


def fingerprint(value: bytes) -> bytes:
    """8 bytes that differ where values differ."""
    return blake2b(value, digest_size=8).digest()


class Handled(Protocol):
    """Which events have been handled: in a table or, beside a database in memory, there too (`in_memory.py`)."""

    async def handled(self, session: AsyncConnection, event_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the ids that were handled before, with their fingerprints."""

    async def mark(self, tx: Transaction, marks: Mapping[str, bytes]) -> None:
        """With this transaction these are handled. Raises `IntegrityError` where another member was first."""


class Inbox:
    """`Handled` in a table."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "inbox",
            metadata,
            Column("event_id", String, primary_key=True),
            Column("fingerprint", LargeBinary, nullable=False),
            Column("handled_at", Instant, nullable=False),
        )
        t = self.table.c
        self._known = Lookup(select(t.event_id, t.fingerprint).where(in_list(t.event_id)))
        self._mark = Bulk(self.table.insert())

    async def handled(self, session: AsyncConnection, event_ids: Sequence[str]) -> Mapping[str, bytes]:
        return dict(await self._known.rows(session, ids=event_ids))

    async def mark(self, tx: Transaction, marks: Mapping[str, bytes]) -> None:
        rows = [{"event_id": i, "fingerprint": mark, "handled_at": tx.now} for i, mark in marks.items()]
        await self._mark.execute(tx.session, rows)
