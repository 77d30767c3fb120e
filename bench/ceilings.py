"""What the bus alone and the database alone do per second on this machine: upper bounds for a ward."""

from __future__ import annotations

import time
from datetime import date

from bench.receipts import NOW, WARM_UP
from contracts import topics
from services.chassis.bus.port import EventBus
from services.chassis.database import Database
from services.chassis.database.bulk import Bulk
from services.ward.tables import transfers

BATCH = 2_000


async def consumed_per_second(bus: EventBus, count: int) -> float:
    """Messages of the receipts topic that a group only fetches."""
    subscription = await bus.subscribe("ceiling", [topics.RECEIPTS.name])
    try:
        done = 0
        while done < WARM_UP:
            done += len(await subscription.fetch(BATCH, timeout=1.0))
        counted, began = count - done, time.perf_counter()
        while done < count:
            done += len(await subscription.fetch(BATCH, timeout=1.0))
        return counted / (time.perf_counter() - began)
    finally:
        await subscription.close()


async def inserted_per_second(database_url: str, count: int) -> float:
    """Ledger rows written, in durable transactions as large as a ward's in a backlog."""
    database, insert = Database(database_url), Bulk(transfers.insert())
    rows = [
        {
            "source": f"receipt/{n:032x}/01",
            "entry": 1,
            "debit": "in_transit_uc",
            "credit": "premium_receivable",
            "amount": 8_500,
            "subject": f"{n:010}",
            "booked_on": date(2021, 7, 20),
            "booked_at": NOW,
        }
        for n in range(count)
    ]
    try:
        async with database.begin() as session:
            await session.run_sync(transfers.create)
            await insert.execute(session, rows[:BATCH])
        began = time.perf_counter()
        for n in range(BATCH, count, BATCH):
            async with database.begin() as session:
                await insert.execute(session, rows[n : n + BATCH])
        return (count - BATCH) / (time.perf_counter() - began)
    finally:
        await database.close()
