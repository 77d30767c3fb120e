"""How far this process is with each row of the outbox, and when it has to read the table.

    committing → queued → sending → sent → flushed → deleted

What this process commits is queued in memory, so the table need not be read to send it. The table is read at the start,
when a timer is due, and whenever the order in memory could differ from the table's (`must_read`).

Order per key holds with several processes of a party, too: a transaction that changes what another has changed waits
for it to commit, and so finds its row in the table. Then all is read from there, in the table's order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from services.chassis.messaging.outbox import ROWS_PER_SEND, OutboxRow, Written
from services.chassis.transaction import Announcements

ROWS_QUEUED = 2_000
"""Beyond this many the queue is dropped and the table read instead: the bus is down, and memory stays bounded."""


class Pending(NamedTuple):
    """A transaction that has written to the outbox and is about to commit."""

    announced: Announcements
    written: Written
    known: Sequence[int]
    """Rows that this process had in hand when it wrote."""
    deleted: Sequence[int]
    """Rows sent before, which it deletes."""


class Outgoing:
    """The outbox's rows that this process has in hand. Nothing here is durable; the table is."""

    def __init__(self) -> None:
        self.must_read = True
        """Whether the table may hold something that is due and not queued."""
        self._next_timer: datetime | None = None
        self._committing: set[int] = set()
        self._queued: deque[OutboxRow] = deque()
        self._sending: Sequence[int] = ()
        self._sent: list[int] = []
        self._flushed: list[int] = []

    @property
    def unflushed(self) -> Sequence[int]:
        """Rows that the bus has taken and has not been flushed for since."""
        return self._sent[:]

    @property
    def flushed(self) -> Sequence[int]:
        """Rows that the bus has made durable and the table still holds."""
        return self._flushed[:]

    @property
    def sent(self) -> Sequence[int]:
        """Rows that the bus has taken and the table still holds."""
        return [*self._flushed, *self._sent]

    @property
    def in_hand(self) -> Sequence[int]:
        """Rows of the table that this process has sent or is about to send.

        On PostgreSQL transactions of one process overlap, so one may see a row whose `committed` was not called yet.
        That row goes first. Usually its `committed` is called first, too; if not, the table is read for the order.
        """
        return [*self.sent, *self._sending, *self._committing, *(row.seq for row in self._queued)]

    def next_due(self, now: datetime) -> datetime | None:
        """When there is something to send, as far as this process knows; None for never."""
        return now if self._queued or self.must_read else self._next_timer

    def is_table_due(self, now: datetime) -> bool:
        """Whether the table must be read before anything is sent."""
        return self.must_read or (self._next_timer is not None and self._next_timer <= now)

    # ---- what a transaction has written

    def committing(self, seq: int) -> None:
        """A transaction that has written this row (0 for none) is about to commit."""
        if seq:
            self._committing.add(seq)

    def committed(self, pending: Pending, *, sends: bool) -> None:
        """The transaction has committed; if this process `sends`, queue its events."""
        seq, others_unsent = pending.written
        self.deleted(pending.deleted)
        self._committing.discard(seq)
        for timer in pending.announced.scheduled:
            self._note_timer(timer.at)
        if not sends:
            return
        if others_unsent or not self._committing.isdisjoint(pending.known):
            self.must_read = True
        elif seq and not self._was_read(seq):
            self._queue(OutboxRow(seq, pending.announced.published))

    def rolled_back(self, pending: Pending) -> None:
        """The transaction did not commit, or its commit was not confirmed: the table says which."""
        self._committing.discard(pending.written.seq)
        self.must_read = True

    def _was_read(self, seq: int) -> bool:
        """The table shows a row from its commit on, which may be before this process learns of the commit."""
        return seq in self._sending or seq in self._sent or seq in self._flushed

    def _queue(self, row: OutboxRow) -> None:
        self._queued.append(row)
        if len(self._queued) > ROWS_QUEUED:
            self.start_over()

    def start_over(self) -> None:
        """Drop the queue: the table holds it, and what other processes have sent since is no longer there."""
        self._queued.clear()
        self.must_read = True

    def _note_timer(self, at: datetime | None) -> None:
        if at is not None and (self._next_timer is None or at < self._next_timer):
            self._next_timer = at

    # ---- what the relay does with it

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around a reading of the table. What is noted meanwhile counts afterwards; a failed reading is repeated."""
        self.must_read, self._next_timer = False, None
        try:
            yield
        except BaseException:
            self.must_read = True
            raise

    def read(self, rows: Sequence[OutboxRow], next_timer: datetime | None) -> None:
        """The table's rows that are due, which are sent next, and when its next timer is."""
        self._note_timer(next_timer)
        if len(rows) == ROWS_PER_SEND:
            self.must_read = True
        seqs = {row.seq for row in rows}
        self._queued = deque(row for row in self._queued if row.seq not in seqs)

    def take(self) -> Sequence[OutboxRow]:
        """Take the next rows from the queue, at most `ROWS_PER_SEND`."""
        return [self._queued.popleft() for _ in range(min(len(self._queued), ROWS_PER_SEND))]

    @contextmanager
    def sending(self, rows: Sequence[OutboxRow]) -> Iterator[None]:
        """Around handing rows to the bus. If that fails they are read from the table again."""
        self._sending = [row.seq for row in rows]
        try:
            yield
            self._sent += self._sending
        except BaseException:
            self.must_read = True
            raise
        finally:
            self._sending = ()

    def made_durable(self, rows: Sequence[int]) -> None:
        """The bus was flushed after it had taken these, the first of the unflushed."""
        del self._sent[: len(rows)]
        self._flushed += rows

    def deleted(self, rows: Sequence[int]) -> None:
        """The table no longer holds these."""
        if rows:
            deleted = set(rows)
            self._flushed = [seq for seq in self._flushed if seq not in deleted]
