"""The edge: the only place that opens and commits a handler's transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.database import Database
from services.chassis.faults import Faults, NoFaults
from services.chassis.identity import Identity
from services.chassis.messaging.relay import Relay
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Transaction


class UnitOfWork:
    """Opens transactions: effects, inbox, outbox and answers commit together or not at all."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        identity: Identity,
        principal: str,
        metrics: Metrics,
        faults: Faults | None = None,
    ) -> None:
        self.database, self._relay = database, relay
        self._identity, self._principal = identity, principal
        self._metrics, self._faults = metrics, faults or NoFaults()

    @asynccontextmanager
    async def transaction(self, now: datetime) -> AsyncIterator[Transaction]:
        """A transaction at the instant `now`; an exception rolls all of it back."""
        tx: Transaction | None = None
        try:
            async with self.database.begin() as session:
                tx = Transaction(session, now, self._identity, self._principal)
                yield tx
                with self._metrics.stage("outbox"):
                    await self._relay.write(tx)
                committing = self._metrics.began()
        except BaseException:
            if tx is not None:
                self._relay.rolled_back(tx)
            raise
        self._metrics.stage_ended("commit", committing)
        for then in tx.on_commit:
            then()
        tx.on_commit.clear()  # what is done may hold the transaction: nothing is left for the garbage collector
        self._relay.committed(tx)
        self._faults.reached("transaction.committed")
