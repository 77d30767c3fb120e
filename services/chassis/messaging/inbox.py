"""Inbox: the record of a handled event commits together with its effects, so a second delivery changes nothing.

Each party's database has one; its key is the event id. The fingerprint of the event's value distinguishes a redelivery
from another event under the same id, which is refused (`consumer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup


def fingerprint(value: bytes) -> bytes:
    """8 bytes that differ if values differ, save for one pair in some 10¹⁹."""
    return blake2b(value, digest_size=8).digest()


class Inbox:
    """The table of the events that have been handled."""

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
        """The ids among these of events handled before, with their fingerprints."""
        return dict(await self._known.rows(session, ids=event_ids))

    async def mark(self, session: AsyncConnection, at: datetime, marks: Mapping[str, bytes]) -> None:
        """Mark events (id → fingerprint) as handled at `at`. Raises `IntegrityError` if another member was first."""
        rows = [{"event_id": i, "fingerprint": mark, "handled_at": at} for i, mark in marks.items()]
        await self._mark.execute(session, rows)
