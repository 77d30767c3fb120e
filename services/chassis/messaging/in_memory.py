"""Inbox and outbox of a party whose database is in memory: beside it, for rows would save nothing there.

The same promises: what a transaction handled and announced counts once it has committed, and not at all if it did
not. A fiscal year in the sandbox is a fifth faster for it (docs/performance.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count, islice

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.messaging.outbox import ROWS_PER_SEND, OutboxRow, Outlook
from services.chassis.transaction import Transaction


class MemoryInbox:
    """`Handled` in a dictionary."""

    def __init__(self) -> None:
        self._marks: dict[str, bytes] = {}

    async def handled(self, _session: AsyncConnection, event_ids: Sequence[str]) -> Mapping[str, bytes]:
        return {i: mark for i in event_ids if (mark := self._marks.get(i)) is not None}

    async def mark(self, tx: Transaction, marks: Mapping[str, bytes]) -> None:
        tx.on_commit.append(partial(self._marks.update, marks))


class MemoryOutbox:
    """`Unsent` in dictionaries, with a heap of when timers are due.

    The heap may hold timers that were cancelled; who comes upon one leaves it out.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self._announced: dict[int, OutboxRow] = {}
        self._timers: dict[int, tuple[str, OutboxRow]] = {}
        """All that are unsent, with their names."""
        self._named: defaultdict[str, list[int]] = defaultdict(list)
        self._later: list[tuple[datetime, int]] = []
        self._due: dict[int, OutboxRow] = {}
        """Timers that have been taken from the heap."""

    async def write(self, tx: Transaction) -> None:
        tx.on_commit.append(partial(self._committed, tx))

    def _committed(self, tx: Transaction) -> None:
        for name in tx.cancelled:
            self._drop([*self._named.get(name, ())])
        self._drop(tx.forgotten)
        for at, name, record in tx.scheduled:
            seq = next(self._numbers)
            self._timers[seq] = name, OutboxRow(seq, [record])
            self._named[name].append(seq)
            heappush(self._later, (at, seq))
        if tx.published:
            tx.outbox_seq = next(self._numbers)
            self._announced[tx.outbox_seq] = OutboxRow(tx.outbox_seq, tx.published)
        if tx.cancelled:
            tx.looked_ahead, tx.next_timer = True, self._next_after(tx.now)

    async def due(self, _session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        self._take_due(now)
        return list(islice(chain(self._announced.values(), self._due.values()), ROWS_PER_SEND))

    async def next_due(self, _session: AsyncConnection, now: datetime) -> datetime | None:
        return self._next_after(now)

    async def forget(self, _session: AsyncConnection, sent: Sequence[int]) -> None:
        self._drop(sent)

    async def outlook(self, _session: AsyncConnection, now: datetime, sent: Sequence[int]) -> Outlook:
        next_due = self._next_after(now)
        return Outlook(len({*self._announced, *self._due} - {*sent}), next_due)

    async def notify_sender(self, _session: AsyncConnection) -> None:
        """There is no other process."""

    def _next_after(self, now: datetime) -> datetime | None:
        self._take_due(now)
        while self._later and self._later[0][1] not in self._timers:
            heappop(self._later)
        return self._later[0][0] if self._later else None

    def _take_due(self, now: datetime) -> None:
        while self._later and self._later[0][0] <= now:
            _, seq = heappop(self._later)
            if seq in self._timers:
                self._due[seq] = self._timers[seq][1]

    def _drop(self, rows: Sequence[int]) -> None:
        for seq in rows:
            if self._announced.pop(seq, None) is None and seq in self._timers:
                name, _ = self._timers.pop(seq)
                self._due.pop(seq, None)
                self._named[name].remove(seq)
                if not self._named[name]:
                    del self._named[name]
