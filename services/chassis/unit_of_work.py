"""The edge: the only place that opens and commits a handler's transaction.

    async with unit.transaction(now) as tx:       # begins on the database
        await handler(events, tx)                 # effects through tx.session, announcements through tx.publish
                                                  # then: the announcements become rows, all commits
                                                  # then: the relay learns of the commit, and sends

The chain: `transaction.py` collects what a handler announces, `messaging/outbox.py` makes it rows,
`messaging/outgoing.py` follows each row through this process, `messaging/relay.py` sends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.database import Database
from services.chassis.faults import Faults, NoFaults
from services.chassis.messaging.outgoing import Pending
from services.chassis.messaging.relay import Relay
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Author, Transaction


class UnitOfWork:
    """Opens transactions: effects, inbox, outbox and answers commit together or not at all."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        author: Author,
        metrics: Metrics,
        faults: Faults | None = None,
    ) -> None:
        self.database, self._relay = database, relay
        self._author, self.metrics, self._faults = author, metrics, faults or NoFaults()

    @asynccontextmanager
    async def transaction(self, now: datetime) -> AsyncIterator[Transaction]:
        """Open a transaction at the instant `now`. An exception rolls all of it back."""
        pending: Pending | None = None
        try:
            async with self.database.begin() as session:
                tx = Transaction(session, now, self._author)
                yield tx
                with self.metrics.stage("outbox"):
                    pending = await self._relay.write(session, tx.announced)
                committing = self.metrics.began()
        except BaseException:
            if pending is not None:
                self._relay.rolled_back(pending)
            raise
        self.metrics.stage_ended("commit", committing)
        self._relay.committed(pending)
        self._faults.reached("transaction.committed")
