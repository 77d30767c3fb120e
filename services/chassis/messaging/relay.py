"""The relay: sends what a party's transactions have left to send, in order, when it is due.

One sender per database keeps the order. A sender that dies between sending a row and deleting it sends it twice, which
every inbox absorbs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.faults import Faults, NoFaults
from services.chassis.messaging.outbox import ROWS_PER_SEND, OutboxRow, Unsent
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Transaction

ROWS_HANDED_OVER = 2_000
QUIET_SECONDS = 0.2
"""When nothing was left to send for so long, rows that were sent are deleted in a transaction of their own."""
SENT_ROWS_KEPT = 100
"""How many rows that were sent may wait to be deleted together; who then dies sends them twice."""


class Relay:
    """Sends what the outbox holds, in order, when it is due.

    What this process committed is handed over in memory; the table is read at the start, when a timer is due, and
    when another process may have written to it (`look_again`). Rows that were sent, once there are some and the bus has
    been flushed, are deleted with a later transaction of this process, or by `forget_sent` when it is quiet.

    Order per key holds with several processes of a party, too: whoever changes the same thing as another transaction
    waits for it to commit, and so finds what it left in the table; then all is sent from there, in the table's order.
    """

    def __init__(
        self,
        database: Database,
        outbox: Unsent,
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
        self._flushed: list[int] = []
        self._sending: Sequence[int] = ()
        self._committing: set[int] = set()
        self._read_table = True
        self._next_timer: datetime | None = None
        self.sends = True
        """False where another process of this party is the one that sends."""
        clock.on_set(self._wake.set)

    @property
    def sent(self) -> Sequence[int]:
        """Rows that the bus has and the table still holds."""
        return [*self._flushed, *self._sent]

    async def write(self, tx: Transaction) -> None:
        """A transaction is about to commit: it keeps what it announces, and deletes what was sent before."""
        tx.forgotten = self._flushed[:]
        tx.in_hand = self._in_hand() if tx.published and self.sends else ()
        await self._outbox.write(tx)
        if tx.outbox_seq:
            self._committing.add(tx.outbox_seq)
        if not self.sends and (tx.published or tx.scheduled):
            await self._outbox.notify_sender(tx.session)

    def committed(self, tx: Transaction) -> None:
        """A transaction of this process has committed: take over what it left to send."""
        self._gone(tx.forgotten)
        self._committing.discard(tx.outbox_seq)
        if self.sends and (tx.others_unsent or not self._committing.isdisjoint(tx.in_hand)):
            self._read_table = True
        elif tx.published and self.sends and not self._was_read(tx.outbox_seq):
            self._handed_over.append(OutboxRow(tx.outbox_seq, tx.published))
            if len(self._handed_over) > ROWS_HANDED_OVER:  # the bus is away: the table keeps them, memory need not
                self._handed_over.clear()
                self._read_table = True
        if tx.looked_ahead:
            self._next_timer = min(self._due_already(tx), default=tx.next_timer)
        elif tx.scheduled:
            earliest = min(at for at, _, _ in tx.scheduled)
            self._next_timer = earliest if self._next_timer is None else min(self._next_timer, earliest)
        self._wake.set()

    def rolled_back(self, tx: Transaction) -> None:
        """A transaction did not commit, or nobody heard that it did: the table knows."""
        if tx.outbox_seq:
            self._committing.discard(tx.outbox_seq)
            self.look_again()

    def _due_already(self, tx: Transaction) -> list[datetime]:
        """Timers that `tx.next_timer`, which is later than `tx.now`, does not tell of."""
        known = [] if self._next_timer is None else [self._next_timer]
        return [at for at in (*known, *(at for at, _, _ in tx.scheduled)) if at <= tx.now]

    def _was_read(self, seq: int) -> bool:
        """The table shows a row from its commit on, which may be before this process hears that it committed."""
        return seq in self._sending or seq in self.sent

    def _in_hand(self) -> Sequence[int]:
        """Rows of the table that this process has sent or is about to send.

        On PostgreSQL transactions of one process overlap: a row may be seen before `committed` was called for it, and
        goes first. As a rule it is called for that one first; where not, the table is read, which has them in order.
        """
        return [*self.sent, *self._sending, *self._committing, *(row.seq for row in self._handed_over)]

    def look_again(self) -> None:
        """Another process may have left something to send: read the table at once."""
        self._read_table = True
        self._wake.set()

    def set_leader(self, sends: bool) -> None:
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
        if len(self._sent) >= SENT_ROWS_KEPT:
            await self._flush()
        return sum(len(row.records) for row in rows)

    async def forget_sent(self) -> None:
        """Delete what was sent, where no transaction is there to do it."""
        await self._flush()
        if self._flushed:
            flushed = self._flushed[:]
            async with self._database.begin() as session:
                await self._outbox.forget(session, flushed)
            self._gone(flushed)

    async def _flush(self) -> None:
        """The bus keeps what was sent, whatever happens: the table need not any longer."""
        if self._sent:
            sent = self._sent[:]
            await self._bus.flush()
            del self._sent[: len(sent)]
            self._flushed += sent

    def _gone(self, rows: Sequence[int]) -> None:
        if not rows:
            return
        gone = set(rows)
        self._flushed = [seq for seq in self._flushed if seq not in gone]

    async def _from_table(self, now: datetime) -> Sequence[OutboxRow]:
        await self._flush()
        flushed = self._flushed[:]
        async with self._database.begin() as session:
            if flushed:
                await self._outbox.forget(session, flushed)
            rows = await self._outbox.due(session, now)
            self._read_table = len(rows) == ROWS_PER_SEND
            self._next_timer = await self._outbox.next_due(session, now)
        self._gone(flushed)
        read = {row.seq for row in rows}
        self._handed_over = deque(row for row in self._handed_over if row.seq not in read)
        return rows

    async def wait(self, longest: float) -> None:
        """Until something may be due: a commit, a clock that was set, a timer's time. After `longest` seconds
        without any, another process may have been at work: the table is read next. What was sent is deleted when
        it has been quiet for a moment."""
        self._wake.clear()
        if self._sent or self._flushed:
            if await self._woken(QUIET_SECONDS):
                return
            await self.forget_sent()
        if not await self._woken(longest):
            self._read_table = True

    async def _woken(self, longest: float) -> bool:
        """Whether something may be due before so many seconds are over."""
        due_in = None if self.next_due is None else self._clock.real_seconds_until(self.next_due)
        if due_in == 0.0:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(longest if due_in is None else min(due_in, longest)):
                await self._wake.wait()
        return self._wake.is_set() or (due_in is not None and due_in <= longest)
