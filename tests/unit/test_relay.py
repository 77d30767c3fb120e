"""When the relay deletes what it has sent: once the bus is flushed, and never before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import MetaData, func, select

from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import BusError, Record, TopicSpec
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.outgoing import Pending
from services.chassis.messaging.relay import SENT_ROWS_KEPT, Relay
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Announcements

NOON = datetime(2021, 4, 12, 12, tzinfo=UTC)


class Flushes(MemoryBus):
    """Counts its flushes, and fails to flush while it is `full`."""

    def __init__(self) -> None:
        super().__init__()
        self.flushes, self.full = 0, False

    async def flush(self) -> None:
        if self.full:
            raise BusError("no space left")
        self.flushes += 1


class Party:
    """A relay over a table and a bus with one topic."""

    def __init__(self) -> None:
        tables = MetaData()
        self.bus, self.database, self.outbox = Flushes(), Database("sqlite://"), Outbox(tables)
        self.relay = Relay(self.database, self.outbox, self.bus, Clock.stepped(NOON), Metrics())
        self._tables = tables

    async def begun(self) -> Party:
        """With its table read, which is empty."""
        await self.database.create(self._tables)
        await self.bus.create_topics([TopicSpec("t", 1, 3600.0)])
        await self.relay.send_due()
        return self

    async def commit(self, key: str) -> Pending:
        """Commit a transaction that publishes this."""
        async with self.database.begin() as session:
            announced = Announcements(published=[Record("t", key, b"", ())])
            pending = await self.relay.write(session, announced)
        self.relay.committed(pending)
        return pending

    async def sent(self) -> list[str]:
        """Send all that is due; the keys that are on the bus."""
        while await self.relay.send_due():
            pass
        return [message.key for message in await self.bus.read("t")]

    async def rows(self) -> int:
        async with self.database.read() as session:
            return int((await session.execute(select(func.count()).select_from(self.outbox.table))).scalar_one())


async def test_the_table_holds_what_was_sent_until_the_bus_is_flushed() -> None:
    party = await Party().begun()
    for n in range(SENT_ROWS_KEPT - 1):
        await party.commit(str(n))
        await party.relay.send_due()
    assert party.bus.flushes == 0
    assert (await party.commit("last")).deleted == [], "the bus has not confirmed the flush"
    await party.relay.send_due()
    assert party.bus.flushes == 1
    assert len((await party.commit("later")).deleted) == SENT_ROWS_KEPT
    assert await party.rows() == 1


async def test_a_flush_that_fails_deletes_nothing_and_sends_nothing_twice() -> None:
    party = await Party().begun()
    await party.commit("one")
    party.bus.full = True
    assert await party.sent() == ["one"]
    with pytest.raises(BusError):
        await party.relay.delete_sent()
    party.relay.look_again()
    with pytest.raises(BusError):
        await party.relay.send_due()
    assert await party.rows() == 1
    party.bus.full = False
    assert await party.sent() == ["one"]
    await party.relay.delete_sent()
    assert await party.rows() == 0


async def test_a_transaction_whose_commit_was_not_confirmed_is_sent_from_the_table() -> None:
    party = await Party().begun()
    async with party.database.begin() as session:
        pending = await party.relay.write(session, Announcements(published=[Record("t", "perhaps", b"", ())]))
    party.relay.rolled_back(pending)
    assert await party.sent() == ["perhaps"]
    assert (await party.commit("later")).known == party.relay.sent[:1], "the first row is no longer in flight"
