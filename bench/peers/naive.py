"""The naive ward: one event, one ORM transaction, one offset commit. The yardstick of `make bench`.

It does the least that registering a receipt takes (receipt row, ledger row, the slip's sum), with the same durability,
over the same bus and the same kind of database. It has no inbox and detects no contradiction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from bench.peers.tables import Ledger, Posting, Receipt, Slip, issue, ledger
from contracts import topics
from contracts.events import ReceiptDelivered
from services.chassis.bus.port import EventBus, Subscription

T = TypeVar("T")
GROUP = "naive"


class NaiveWard:
    """Registers receipts one by one, from `start` until `close`."""

    name = "naive peer: one event, one ORM transaction"
    group = GROUP

    def __init__(self, bus: EventBus, database_url: str) -> None:
        self._bus, self._engine = bus, _engine(database_url)
        self._subscription: Subscription | None = None
        self._decoder = msgspec.json.Decoder(ReceiptDelivered)

    async def start(self, slips: Mapping[str, int]) -> None:
        """Make the tables, with these slips: number → amount. Join the group."""
        await self._transaction(partial(issue, slips=slips))
        self._subscription = await self._bus.subscribe(self.group, [topics.RECEIPTS.name])

    async def consume(self, count: int) -> int:
        """Register the next `count` receipts of the receipts topic."""
        assert self._subscription is not None, "start it first"
        done = 0
        while done < count:
            for message in await self._subscription.fetch(1, timeout=1.0):
                await self._transaction(partial(_register, receipt=self._decoder.decode(message.value)))
                await self._subscription.commit([message])
                done += 1
        return done

    async def stop(self) -> Ledger:
        """Leave the group; returns the ledger."""
        if self._subscription is not None:
            await self._subscription.close()
        return await self._transaction(ledger)

    async def close(self) -> None:
        if isinstance(self._engine, AsyncEngine):
            await self._engine.dispose()
        else:
            self._engine.dispose()

    async def _transaction(self, work: Callable[[Connection], T]) -> T:
        if isinstance(self._engine, AsyncEngine):
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)
        with self._engine.begin() as connection:
            return work(connection)


def _engine(database_url: str) -> Engine | AsyncEngine:
    """With the driver that is fastest at one transaction after another."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        return create_async_engine(url.set(drivername="postgresql+asyncpg"))
    engine = create_engine(url)
    event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")


def _register(connection: Connection, receipt: ReceiptDelivered) -> None:
    with Session(connection) as session:
        if session.get(Receipt, (receipt.payment_id, receipt.kind.value)) is not None:
            return
        slip = session.get(Slip, receipt.slip_number)
        assert slip is not None, "the bench issues every slip"
        slip.received += receipt.amount
        session.add(
            Receipt(
                payment_id=receipt.payment_id,
                kind=receipt.kind.value,
                slip_number=receipt.slip_number,
                amount=receipt.amount,
                received_on=receipt.received_on,
                registered_at=receipt.delivered_at,
            )
        )
        session.add(
            Posting(
                debit=f"in_transit_{receipt.settler}",
                credit="premium_receivable",
                amount=receipt.amount,
                subject=receipt.slip_number,
            )
        )
        session.flush()
