"""Inbox: that an event was handled commits with its effects, so a second delivery changes nothing.

One inbox per party's database; its key is the event id. A fingerprint of the value tells a redelivery from
another event under the same id, which is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bulk import Bulk
from services.chassis.database import Instant, among
from services.chassis.lookup import Lookup


def fingerprint(value: bytes) -> bytes:
    """8 bytes that differ where values differ."""
    return blake2b(value, digest_size=8).digest()


class Inbox:
    """Which events have been handled."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "inbox",
            metadata,
            Column("event_id", String, primary_key=True),
            Column("fingerprint", LargeBinary, nullable=False),
            Column("handled_at", Instant, nullable=False),
        )
        t = self.table.c
        self._known = Lookup(select(t.event_id, t.fingerprint).where(among(t.event_id)))
        self._mark = Bulk(self.table.insert())

    async def handled(self, session: AsyncConnection, event_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the ids that were handled before, with their fingerprints."""
        return dict(await self._known.rows(session, ids=event_ids))

    async def mark(self, session: AsyncConnection, marks: Mapping[str, bytes], at: datetime) -> None:
        """Record these as handled. Raises `IntegrityError` where another member was first."""
        rows = [{"event_id": i, "fingerprint": mark, "handled_at": at} for i, mark in marks.items()]
        await self._mark.execute(session, rows)
