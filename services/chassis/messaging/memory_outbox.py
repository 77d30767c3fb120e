"""The outbox of a party whose database is in memory: rows there would outlive nothing, and take longer to write.

It keeps the outbox's other promise: what a transaction announces counts once it has committed, or not at all. Why it
exists, with figures: docs/decisions/0033.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import chain, count, islice

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.messaging.outbox import ROWS_PER_SEND, OutboxRow, Outlook, Written
from services.chassis.transaction import Announcements, Timer


class MemoryOutbox:
    """`Unsent` in dictionaries, with a heap of when timers are due.

    The heap may still hold timers that were cancelled; they are skipped when popped.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self._published: dict[int, OutboxRow] = {}
        self._timers: dict[int, Timer] = {}
        self._named: defaultdict[str, list[int]] = defaultdict(list)
        """The numbers of the timers of each name."""
        self._later: list[tuple[datetime, int]] = []
        self._due: dict[int, OutboxRow] = {}
        """Timers that have been taken from the heap."""

    async def write(
        self, session: AsyncConnection, announced: Announcements, *, known: Sequence[int], sent: Sequence[int]
    ) -> Written:
        return Written(next(self._numbers)) if announced.published else Written()

    def committed(self, announced: Announcements, written: Written, sent: Sequence[int]) -> None:
        for name in announced.cancelled:
            self._drop(self._named.get(name, ())[:])
        self._drop(sent)
        for timer in announced.scheduled:
            seq = next(self._numbers)
            self._timers[seq] = timer
            self._named[timer.name].append(seq)
            heappush(self._later, (timer.at, seq))
        if written.seq:
            self._published[written.seq] = OutboxRow(written.seq, announced.published)

    async def due(self, session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        self._take_due(now)
        return list(islice(chain(self._published.values(), self._due.values()), ROWS_PER_SEND))

    async def next_due(self, session: AsyncConnection, now: datetime) -> datetime | None:
        self._take_due(now)
        while self._later and self._later[0][1] not in self._timers:
            heappop(self._later)
        return self._later[0][0] if self._later else None

    async def delete(self, session: AsyncConnection, sent: Sequence[int]) -> None:
        self._drop(sent)

    async def outlook(self, session: AsyncConnection, now: datetime, sent: Sequence[int]) -> Outlook:
        next_due = await self.next_due(session, now)
        return Outlook(len({*self._published, *self._due} - {*sent}), next_due)

    async def notify_sender(self, session: AsyncConnection) -> None:
        """There is no other process."""

    def _take_due(self, now: datetime) -> None:
        while self._later and self._later[0][0] <= now:
            _, seq = heappop(self._later)
            if seq in self._timers:
                self._due[seq] = OutboxRow(seq, [self._timers[seq].record])

    def _drop(self, rows: Sequence[int]) -> None:
        for seq in rows:
            if self._published.pop(seq, None) is None and (timer := self._timers.pop(seq, None)) is not None:
                self._due.pop(seq, None)
                self._named[timer.name].remove(seq)
                if not self._named[timer.name]:
                    del self._named[timer.name]
