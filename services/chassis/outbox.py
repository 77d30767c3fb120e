"""Transactional outbox: what a transaction announces commits with its effects and is sent afterwards.

Publishing is one row per transaction, a timer is a row with `not_before`. One sender per database keeps the
order. A row is deleted once the bus has it: what is in the table is what is unsent, and a sender that dies in
between sends twice, which every inbox absorbs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus.port import EventBus, Record
from services.chassis.clock import Clock
from services.chassis.database import EPOCH, Database, Instant
from services.chassis.faults import Faults, NoFaults
from services.chassis.transaction import Transaction

ROWS_PER_SEND = 200

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


def outbox_table(metadata: MetaData) -> Table:
    """The table, to be declared among a party's own. `not_before` is 1970 for what is sent at once."""
    return Table(
        "outbox",
        metadata,
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("not_before", Instant, nullable=False, index=True),
        Column("timer", String, index=True),
        Column("records", LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )


class Outbox:
    """Writes a transaction's announcements."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = outbox_table(metadata)

    async def write(self, tx: Transaction) -> None:
        """Inside the transaction: drop cancelled timers, then keep what was published and scheduled."""
        if tx.cancelled:
            await tx.session.execute(delete(self.table).where(self.table.c.timer.in_(tx.cancelled)))
        rows = [
            {"not_before": at, "timer": name, "records": _encoder.encode([record])} for at, name, record in tx.scheduled
        ]
        if tx.published:
            rows.append({"not_before": EPOCH, "timer": None, "records": _encoder.encode(tx.published)})
        if rows:
            await tx.session.execute(self.table.insert(), rows)

    async def due(self, session: AsyncConnection, now: datetime) -> int:
        """How many rows should have been sent by now."""
        count = select(func.count()).where(self.table.c.not_before <= now)
        return int((await session.execute(count)).scalar_one())

    async def next_due(self, session: AsyncConnection) -> datetime | None:
        """When the earliest row is due; None where there is none."""
        earliest: datetime | None = (await session.execute(select(func.min(self.table.c.not_before)))).scalar()
        return earliest


@dataclass(frozen=True, slots=True)
class _Row:
    seq: int
    records: Sequence[Record]


class Relay:
    """Sends what the outbox holds, in order, when it is due."""

    def __init__(
        self, database: Database, outbox: Outbox, bus: EventBus, clock: Clock, faults: Faults | None = None
    ) -> None:
        self._database, self._outbox, self._bus, self._clock = database, outbox, bus, clock
        self._faults = faults or NoFaults()
        self._wake = asyncio.Event()
        self._next: datetime | None = EPOCH  # unknown until first looked at
        clock.on_set(self._wake.set)

    def committed(self, tx: Transaction) -> None:
        """A transaction of this process has committed: look again if it left something to send."""
        if tx.published:
            self._next = EPOCH
        elif tx.scheduled:
            earliest = min(at for at, _, _ in tx.scheduled)
            self._next = earliest if self._next is None else min(self._next, earliest)
        self._wake.set()

    @property
    def next_due(self) -> datetime | None:
        """When there is something to send, as far as this process knows; None for nothing."""
        return self._next

    async def send_due(self) -> int:
        """Send what is due now. Returns the number of records; 0 means there was nothing."""
        now = self._clock.now()
        if self._next is None or self._next > now:
            return 0
        rows = await self._read(now)
        if not rows:
            return 0
        records = [record for row in rows for record in row.records]
        await self._bus.produce(records)
        self._faults.reached("outbox.sent")
        async with self._database.begin() as session:
            gone = [row.seq for row in rows]
            await session.execute(delete(self._outbox.table).where(self._outbox.table.c.seq.in_(gone)))
        return len(records)

    async def _read(self, now: datetime) -> Sequence[_Row]:
        table = self._outbox.table
        query = (
            select(table.c.seq, table.c.records)
            .where(table.c.not_before <= now)
            .order_by(table.c.not_before, table.c.seq)
            .limit(ROWS_PER_SEND)
        )
        async with self._database.read() as session:
            found = (await session.execute(query)).all()
            if not found:
                self._next = await self._outbox.next_due(session)
        return [_Row(seq, _decoder.decode(records)) for seq, records in found]

    def look_again(self) -> None:
        """Another process may have left something to send: ask the table next time."""
        self._next = EPOCH

    async def wait(self, longest: float) -> None:
        """Until something may be due: a commit, a clock that was set, a timer's time, or `longest` seconds."""
        due_in = None if self._next is None else self._clock.real_seconds_until(self._next)
        self._wake.clear() if due_in != 0.0 else self._wake.set()
        try:
            await asyncio.wait_for(self._wake.wait(), longest if due_in is None else min(due_in, longest))
        except TimeoutError:
            return
