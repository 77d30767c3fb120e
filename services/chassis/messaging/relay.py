"""The relay: sends what the outbox holds, in order, when it is due.

One process of a party sends at a time, which preserves the order. If it dies after the bus has taken a row and before
the row is deleted, its successor sends the row again, and every reader's inbox absorbs the repetition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.faults import Faults, NoFaults
from services.chassis.messaging.outbox import Outbox, OutboxRow
from services.chassis.messaging.outgoing import Outgoing, Pending
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Announcements

QUIET_SECONDS = 0.2
"""After this long without anything to send, rows that were sent are deleted in a separate transaction."""
SENT_ROWS_KEPT = 100
"""The bus is flushed once about this many sent rows wait for it; after a crash before that they are sent again."""


class Relay:
    """Writes announcements to the outbox within their transaction, and sends them once it has committed.

    The unit of work calls `write`, then `committed` or `rolled_back`; the process or the sandbox calls `send_due`. Rows
    that the bus has made durable are deleted by a later transaction of this process, or by `delete_sent` when it is
    quiet: a separate transaction for each would cost more than the sending.
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
        self._outgoing = Outgoing()
        self._wake = asyncio.Event()
        self.sends = True
        """False while another process of this party is the sender."""
        clock.on_set(self._wake.set)

    # ---- within a transaction and after it

    async def write(self, session: AsyncConnection, announced: Announcements) -> Pending:
        """Write what a transaction announces, and delete rows that were sent before."""
        sent = self._outgoing.flushed
        known = self._outgoing.in_hand if announced.published and self.sends else ()
        written = await self._outbox.write(session, announced, known=known, sent=sent)
        if not self.sends and (announced.published or announced.scheduled):
            await self._outbox.notify_sender(session)
        self._outgoing.committing(written.seq)
        return Pending(announced, written, known, sent)

    def committed(self, pending: Pending) -> None:
        """The transaction that wrote this has committed."""
        self._outgoing.committed(pending, sends=self.sends)
        self._wake.set()

    def rolled_back(self, pending: Pending) -> None:
        """The transaction that wrote this has failed, in its commit at the latest."""
        self._outgoing.rolled_back(pending)
        self._wake.set()

    # ---- which process sends

    def set_leader(self, sends: bool) -> None:
        """Whether this process sends from now on."""
        self.sends = sends
        self._outgoing.start_over()
        self._wake.set()

    def look_again(self) -> None:
        """Read the table at once: another process may have written to it."""
        self._outgoing.must_read = True
        self._wake.set()

    # ---- sending

    @property
    def sent(self) -> Sequence[int]:
        """Rows that the bus has taken and the table still holds."""
        return self._outgoing.sent

    @property
    def next_due(self) -> datetime | None:
        """When there is something to send, as far as this process knows; None for never."""
        return self._outgoing.next_due(self._clock.now())

    async def send_due(self) -> int:
        """Send the rows that are due now. Returns the number of records, 0 if none was due."""
        now = self._clock.now()
        if self._outgoing.is_table_due(now):
            with self._metrics.stage("read_outbox"):
                rows = await self._read_table(now)
        else:
            rows = self._outgoing.take()
        if not rows:
            return 0
        with self._outgoing.sending(rows):
            with self._metrics.stage("produce"):
                await self._bus.produce([record for row in rows for record in row.records])
            self._faults.reached("outbox.sent")
        if len(self._outgoing.unflushed) >= SENT_ROWS_KEPT:
            await self._flush()
        return sum(len(row.records) for row in rows)

    async def delete_sent(self) -> None:
        """Flush the bus and delete sent rows that no transaction has deleted yet."""
        await self._flush()
        if sent := self._outgoing.flushed:
            async with self._database.begin() as session:
                await self._outbox.delete(session, sent)
            self._outgoing.deleted(sent)

    async def _flush(self) -> None:
        """Make the bus flush the rows it has taken; only then may they be deleted from the table."""
        if unflushed := self._outgoing.unflushed:
            await self._bus.flush()
            self._outgoing.made_durable(unflushed)

    async def _read_table(self, now: datetime) -> Sequence[OutboxRow]:
        await self._flush()  # first: a row that is still there and not deleted below would be sent again
        sent = self._outgoing.flushed
        with self._outgoing.reading():
            async with self._database.begin() as session:
                if sent:
                    await self._outbox.delete(session, sent)
                rows = await self._outbox.due(session, now)
                next_timer = await self._outbox.next_due(session, now)
        self._outgoing.deleted(sent)
        self._outgoing.read(rows, next_timer)
        return rows

    # ---- waiting

    async def wait(self, longest: float) -> None:
        """Wait until something may be due: a commit, a clock that was set, a timer's time.

        After `longest` seconds without any, the table is read next, since another process may have written to it. After
        `QUIET_SECONDS` without any, sent rows are deleted.
        """
        self._wake.clear()
        if self.sent:
            if await self._woken(QUIET_SECONDS):
                return
            await self.delete_sent()
        if not await self._woken(longest):
            self._outgoing.must_read = True

    async def _woken(self, longest: float) -> bool:
        """Wait at most `longest` seconds; returns whether something may be due."""
        next_due = self.next_due
        due_in = None if next_due is None else self._clock.real_seconds_until(next_due)
        if due_in == 0.0:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(longest if due_in is None else min(due_in, longest)):
                await self._wake.wait()
        return self._wake.is_set() or (due_in is not None and due_in <= longest)
