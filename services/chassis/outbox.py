"""Transactional outbox: what a transaction announces commits with its effects and is sent afterwards.

Publishing is one row per transaction, a timer is a row with `not_before`. One sender per database keeps the
order. A row is deleted once the bus has it: what is in the table is what is unsent, and a sender that dies in
between sends twice, which every inbox absorbs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    not_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bulk import Bulk
from services.chassis.bus.port import EventBus, Record
from services.chassis.clock import Clock
from services.chassis.database import EPOCH, Database, Instant, among
from services.chassis.faults import Faults, NoFaults
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Transaction

SENDER = "relay"
"""The lease of the one process of a party that sends, and the channel on which it is told of rows."""
ROWS_PER_SEND = 200
ROWS_HANDED_OVER = 2_000
SENT_ROWS_KEPT = 100
"""How many rows that were sent may wait to be deleted together; who then dies sends them twice."""

_NOTIFY = text("SELECT pg_notify(:channel, '')")
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
        self.table = t = outbox_table(metadata)
        self._insert = Bulk(t.insert())
        in_order = select(t.c.seq).order_by(t.c.seq)
        cancelled = in_order.where(among(t.c.timer, "timers")).with_for_update()
        sent = in_order.where(among(t.c.seq, "sent")).with_for_update(skip_locked=True)
        self._cancel, self._forget = (delete(t).where(t.c.seq.in_(rows)) for rows in (cancelled, sent))
        self._due = (
            select(t.c.seq, t.c.records)
            .where(t.c.not_before <= bindparam("now"))
            .order_by(t.c.not_before, t.c.seq)
            .limit(ROWS_PER_SEND)
        )
        self._next = select(func.min(t.c.not_before)).where(t.c.not_before > bindparam("now"))
        unsent = t.c.not_before <= bindparam("now"), not_(among(t.c.seq, "sent"))
        announced = t.c.not_before == EPOCH, not_(among(t.c.seq, "known"))
        self._others = select(t.c.seq).where(*announced).limit(1)
        self.outlook = (
            select(func.count()).where(*unsent).select_from(t).scalar_subquery(),
            self._next.scalar_subquery(),
        )
        """How many rows should have been sent by `now`, those in `sent` apart; and when the next one is due."""

    async def write(self, tx: Transaction) -> None:
        """Inside the transaction: drop cancelled timers and what was sent, keep what was published and scheduled.

        Rows that were sent are deleted after those that are cancelled, and only where nobody else is at them (who
        then deletes them): so nobody waits here for a transaction that waits for this one.
        """
        if tx.cancelled:
            await tx.session.execute(self._cancel, {"timers": tx.cancelled})
        if tx.forgotten:
            await self.forget(tx.session, tx.forgotten)
        if tx.scheduled:
            rows = [
                {"not_before": at, "timer": name, "records": _encoder.encode([record])}
                for at, name, record in tx.scheduled
            ]
            await self._insert.execute(tx.session, rows)
        if tx.published:
            row = {"not_before": EPOCH, "timer": None, "records": _encoder.encode(tx.published)}
            tx.outbox_seq = await self._insert.add(tx.session, row)

    async def due(self, session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        """What should have been sent by now, the oldest first, at most `ROWS_PER_SEND`."""
        found = await session.execute(self._due, {"now": now})
        return [OutboxRow(seq, _decoder.decode(records)) for seq, records in found.all()]

    async def next_due(self, session: AsyncConnection, now: datetime) -> datetime | None:
        """When the first row that is not due yet will be; None where there is none."""
        earliest: datetime | None = (await session.execute(self._next, {"now": now})).scalar()
        return earliest

    async def others(self, session: AsyncConnection, known: Sequence[int]) -> bool:
        """Whether there are announcements other than these."""
        return (await session.execute(self._others, {"known": known})).first() is not None

    async def forget(self, session: AsyncConnection, sent: Sequence[int]) -> None:
        """The bus has them."""
        await session.execute(self._forget, {"sent": sent})

    async def tell_sender(self, session: AsyncConnection) -> None:
        """When this transaction commits, whoever holds the lease hears of it. SQLite's sender looks each second."""
        if session.dialect.name == "postgresql":
            await session.execute(_NOTIFY, {"channel": SENDER})


class OutboxRow(NamedTuple):
    """What one transaction announced, or one timer."""

    seq: int
    records: Sequence[Record]


class Relay:
    """Sends what the outbox holds, in order, when it is due.

    What this process committed is handed over in memory; the table is read at the start, when a timer is due, and
    when another process may have written to it (`look_again`). Rows that were sent are deleted with a later
    transaction of this process once there are some, or by `forget_sent` where there is none.

    Order per key holds with several processes of a party, too: whoever changes the same thing as another transaction
    waits for it to commit, and so finds what it left in the table; then all is sent from there, in the table's order.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        bus: EventBus,
        clock: Clock,
        metrics: Metrics,
        faults: Faults | None = None,
    ) -> None:
        self._database, self._outbox, self._bus, self._clock = database, outbox, bus, clock
        self._metrics, self._faults = metrics, faults or NoFaults()
        self._wake = asyncio.Event()
        self._handed_over: deque[OutboxRow] = deque()
        self._sent: list[int] = []
        self._sending: Sequence[int] = ()
        self._read_table = True
        self._next_timer: datetime | None = None
        self.sends = True
        """False where another process of this party is the one that sends."""
        clock.on_set(self._wake.set)

    @property
    def sent(self) -> Sequence[int]:
        """Rows that the bus has and the table still holds."""
        return self._sent

    async def write(self, tx: Transaction) -> None:
        """A transaction is about to commit: it keeps what it announces, and deletes what was sent before."""
        tx.forgotten = self._sent[:] if len(self._sent) >= SENT_ROWS_KEPT else ()
        if tx.published and self.sends and not self._database.is_in_memory:
            tx.others_unsent = await self._outbox.others(tx.session, self._known())
        await self._outbox.write(tx)
        if not self.sends and (tx.published or tx.scheduled):
            await self._outbox.tell_sender(tx.session)
        if tx.cancelled:
            tx.next_timer = await self._outbox.next_due(tx.session, tx.now)

    def committed(self, tx: Transaction) -> None:
        """A transaction of this process has committed: take over what it left to send."""
        self._gone(tx.forgotten)
        if tx.others_unsent:
            self._read_table = True
        elif tx.published and self.sends and not self._was_read(tx.outbox_seq):
            self._handed_over.append(OutboxRow(tx.outbox_seq, tx.published))
            if len(self._handed_over) > ROWS_HANDED_OVER:  # the bus is away: the table keeps them, memory need not
                self._handed_over.clear()
                self._read_table = True
        if tx.cancelled:
            self._next_timer = min(self._due_already(tx), default=tx.next_timer)
        elif tx.scheduled:
            earliest = min(at for at, _, _ in tx.scheduled)
            self._next_timer = earliest if self._next_timer is None else min(self._next_timer, earliest)
        self._wake.set()

    def _due_already(self, tx: Transaction) -> list[datetime]:
        """Timers that `tx.next_timer`, which is later than `tx.now`, does not tell of."""
        known = [] if self._next_timer is None else [self._next_timer]
        return [at for at in (*known, *(at for at, _, _ in tx.scheduled)) if at <= tx.now]

    def _was_read(self, seq: int) -> bool:
        """The table shows a row from its commit on, which may be before this process hears that it committed."""
        return seq in self._sending or seq in self._sent

    def _known(self) -> Sequence[int]:
        """Rows of the table that this process has sent or is about to send."""
        return [*self._sent, *self._sending, *(row.seq for row in self._handed_over)]

    def look_again(self) -> None:
        """Another process may have left something to send: read the table at once."""
        self._read_table = True
        self._wake.set()

    def take_turn(self, sends: bool) -> None:
        """Whether this process sends from now on. What others sent meanwhile is no longer in the table."""
        self.sends = sends
        self._handed_over.clear()
        self.look_again()

    @property
    def next_due(self) -> datetime | None:
        """When there is something to send, as far as this process knows; None for nothing."""
        return self._clock.now() if self._handed_over or self._read_table else self._next_timer

    async def send_due(self) -> int:
        """Send what is due now. Returns the number of records; 0 means there was nothing."""
        now = self._clock.now()
        if self._read_table or (self._next_timer is not None and self._next_timer <= now):
            with self._metrics.stage("read_outbox"):
                rows = await self._from_table(now)
        else:
            rows = [self._handed_over.popleft() for _ in range(min(len(self._handed_over), ROWS_PER_SEND))]
        if not rows:
            return 0
        self._sending = [row.seq for row in rows]
        try:
            with self._metrics.stage("produce"):
                await self._bus.produce([record for row in rows for record in row.records])
        except BaseException:
            self._read_table = True  # they are still in the table
            raise
        finally:
            self._sending = ()
        self._faults.reached("outbox.sent")
        self._sent += [row.seq for row in rows]
        return sum(len(row.records) for row in rows)

    async def forget_sent(self) -> None:
        """Delete what was sent, where no transaction is there to do it."""
        if self._sent:
            sent = self._sent[:]
            async with self._database.begin() as session:
                await self._outbox.forget(session, sent)
            self._gone(sent)

    def _gone(self, rows: Sequence[int]) -> None:
        if not rows:
            return
        gone = set(rows)
        self._sent = [seq for seq in self._sent if seq not in gone]

    async def _from_table(self, now: datetime) -> Sequence[OutboxRow]:
        sent = self._sent[:]
        async with self._database.begin() as session:
            if sent:
                await self._outbox.forget(session, sent)
            rows = await self._outbox.due(session, now)
            self._read_table = len(rows) == ROWS_PER_SEND
            self._next_timer = await self._outbox.next_due(session, now)
        self._gone(sent)
        read = {row.seq for row in rows}
        self._handed_over = deque(row for row in self._handed_over if row.seq not in read)
        return rows

    async def wait(self, longest: float) -> None:
        """Until something may be due: a commit, a clock that was set, a timer's time. After `longest` seconds
        without any, another process may have been at work: the table is read next."""
        due_in = None if self.next_due is None else self._clock.real_seconds_until(self.next_due)
        if due_in == 0.0:
            return
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), longest if due_in is None else min(due_in, longest))
        except TimeoutError:
            self._read_table = True
