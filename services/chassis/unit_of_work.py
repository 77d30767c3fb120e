"""The edge: the only place that opens and commits a handler's transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.database import Database
from services.chassis.faults import Faults, NoFaults
from services.chassis.identity import Identity
from services.chassis.outbox import Relay
from services.chassis.transaction import Transaction


class UnitOfWork:
    """Opens transactions: effects, inbox, outbox and answers commit together or not at all."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        identity: Identity,
        principal: str,
        faults: Faults | None = None,
    ) -> None:
        self.database, self._relay = database, relay
        self._identity, self._principal = identity, principal
        self._faults = faults or NoFaults()

    @asynccontextmanager
    async def transaction(self, now: datetime) -> AsyncIterator[Transaction]:
        """A transaction at the instant `now`; an exception rolls all of it back."""
        async with self.database.begin() as session:
            tx = Transaction(session, now, self._identity, self._principal)
            yield tx
            await self._relay.write(tx)
        self._relay.committed(tx)
        self._faults.reached("transaction.committed")
