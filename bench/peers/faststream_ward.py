"""The ward's receipt consumer as a user of FastStream writes it, on its own aiokafka broker: events as pydantic models,
an ORM session for each message or batch, acknowledged by hand once the database has committed.

It does what the naive peer does and no more. It logs nothing for a message (`logger=None`), which is to its advantage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from pydantic import BaseModel
from sqlalchemy import make_url, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers.tables import Ledger, Posting, Receipt, Slip, issue, ledger
from contracts import topics

ONE, BATCHES = "FastStream peer: one event, one ORM transaction", "FastStream peer: batches, one ORM transaction"
LARGEST_BATCH = 2_000
"""As large as those of our ward in a backlog."""


class Delivered(BaseModel):
    """The fields of `sansha.payment_provider.receipt_delivered.v1` that are registered."""

    payment_id: str
    kind: str
    slip_number: str
    amount: int
    settler: str
    received_on: date
    delivered_at: datetime


class FastStreamWard:
    """Registers the receipts of a cluster's receipts topic, from the first `consume` until `stop`.

    `prefix` stands before topic and group. With `batch` the handler takes as many as a poll gives.
    """

    def __init__(self, bootstrap: str, prefix: str, database_url: str, *, batch: bool = False) -> None:
        self.name, self.group = (BATCHES, "faststream_batches") if batch else (ONE, "faststream")
        self._engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._broker = KafkaBroker(bootstrap, logger=None, allow_auto_create_topics=False)
        self._progress = asyncio.Condition()
        self._handled, self._running = 0, False
        topic, group = prefix + topics.RECEIPTS.name, prefix + self.group
        if batch:
            self._broker.subscriber(
                topic,
                group_id=group,
                auto_offset_reset="earliest",
                ack_policy=AckPolicy.MANUAL,
                batch=True,
                max_records=LARGEST_BATCH,
            )(self._handle_batch)
        else:
            self._broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL)(
                self._handle
            )

    async def start(self, slips: Mapping[str, int]) -> None:
        """Make the tables, with these slips: number → amount."""
        async with self._engine.begin() as connection:
            await connection.run_sync(issue, slips)

    async def consume(self, count: int) -> int:
        """Register at least `count` further receipts; returns how many were registered."""
        before = self._handled
        if not self._running:
            await self._broker.start()
            self._running = True
        async with self._progress:
            await self._progress.wait_for(lambda: self._handled >= before + count)
        return self._handled - before

    async def stop(self) -> Ledger:
        """Finish what is in flight and leave the group; returns the ledger."""
        await self._broker.stop()
        async with self._engine.connect() as connection:
            return await connection.run_sync(ledger)

    async def close(self) -> None:
        await self._engine.dispose()

    async def _handle(self, receipt: Delivered, message: KafkaMessage) -> None:
        async with self._sessions.begin() as session:
            await _register(session, receipt)
        await message.ack()
        await self._done(1)

    async def _handle_batch(self, receipts: list[Delivered], message: KafkaMessage) -> None:
        async with self._sessions.begin() as session:
            await _register_all(session, receipts)
        await message.ack()
        await self._done(len(receipts))

    async def _done(self, count: int) -> None:
        async with self._progress:
            self._handled += count
            self._progress.notify_all()


async def _register(session: AsyncSession, receipt: Delivered) -> None:
    if await session.get(Receipt, (receipt.payment_id, receipt.kind)) is not None:
        return
    slip = await session.get(Slip, receipt.slip_number, with_for_update=True)
    assert slip is not None, "the bench issues every slip"
    slip.received += receipt.amount
    session.add_all(_rows(receipt))


async def _register_all(session: AsyncSession, receipts: list[Delivered]) -> None:
    """Two queries for the whole batch; the session writes the changes, one statement for each table."""
    fresh = {(r.payment_id, r.kind): r for r in receipts}
    known = select(Receipt.payment_id, Receipt.kind).where(tuple_(Receipt.payment_id, Receipt.kind).in_(fresh))
    for payment_id, kind in await session.execute(known):
        del fresh[payment_id, kind]
    numbers = {r.slip_number for r in fresh.values()}
    locked = select(Slip).where(Slip.slip_number.in_(numbers)).order_by(Slip.slip_number).with_for_update()
    slips = {slip.slip_number: slip for slip in await session.scalars(locked)}
    for receipt in fresh.values():
        slips[receipt.slip_number].received += receipt.amount
        session.add_all(_rows(receipt))


def _rows(receipt: Delivered) -> tuple[Receipt, Posting]:
    record = Receipt(
        payment_id=receipt.payment_id,
        kind=receipt.kind,
        slip_number=receipt.slip_number,
        amount=receipt.amount,
        received_on=receipt.received_on,
        registered_at=receipt.delivered_at,
    )
    posting = Posting(
        debit=f"in_transit_{receipt.settler}",
        credit="premium_receivable",
        amount=receipt.amount,
        subject=receipt.slip_number,
    )
    return record, posting
