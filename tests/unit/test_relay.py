"""What a relay makes of transactions of its own process that overlap, as on PostgreSQL, and when it forgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import BusError, Record, TopicSpec
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.identity import SeededIdentity
from services.chassis.messaging.outbox import OutboxRow
from services.chassis.messaging.relay import SENT_ROWS_KEPT, Relay
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Transaction

NOON = datetime(2021, 4, 12, 12, tzinfo=UTC)


class Rows:
    """A table that numbers what is written to it, and says how often it was read."""

    def __init__(self) -> None:
        self.rows: list[OutboxRow] = []
        self.readings = 0

    async def write(self, tx: Transaction) -> None:
        self.rows.append(OutboxRow(len(self.rows) + 1, tx.published))
        tx.outbox_seq = len(self.rows)

    async def due(self, _session: Any, _now: datetime) -> Sequence[OutboxRow]:
        self.readings += 1
        return list(self.rows)

    async def next_due(self, _session: Any, _now: datetime) -> None:
        return None

    async def forget(self, _session: Any, sent: Sequence[int]) -> None:
        self.rows = [row for row in self.rows if row.seq not in sent]


class Flushes(MemoryBus):
    """Tells when it was flushed, and fails to while it is `full`."""

    def __init__(self) -> None:
        super().__init__()
        self.flushes, self.full = 0, False

    async def flush(self) -> None:
        if self.full:
            raise BusError("no space left")
        self.flushes += 1


class Party:
    """A relay that has looked at its empty table, over a bus with one topic."""

    def __init__(self, bus: Flushes | None = None) -> None:
        self.rows, self.bus = Rows(), bus or Flushes()
        self.relay = Relay(Database("sqlite://"), cast("Any", self.rows), self.bus, Clock.stepped(NOON), Metrics())

    async def begun(self) -> Party:
        await self.bus.create_topics([TopicSpec("t", 1, 3600.0)])
        await self.relay.send_due()
        self.rows.readings = 0
        return self

    async def written(self, key: str) -> Transaction:
        """A transaction that announces this, and is about to commit."""
        tx = Transaction(cast("Any", None), NOON, SeededIdentity(1), "party", [Record("t", key, b"", ())])
        await self.relay.write(tx)
        return tx

    async def sent(self) -> list[str]:
        while await self.relay.send_due():
            pass
        return [message.key for message in await self.bus.read("t")]


async def test_what_overlaps_in_one_process_is_no_other_process_and_needs_no_reading() -> None:
    party = await Party().begun()
    first = await party.written("first")
    second = await party.written("second")
    assert list(second.in_hand) == [first.outbox_seq], "it may see that row, and has not heard that it committed"
    party.relay.committed(first)
    party.relay.committed(second)
    assert await party.sent() == ["first", "second"]
    assert party.rows.readings == 0


async def test_who_is_told_of_first_though_it_came_second_is_sent_in_the_order_of_the_table() -> None:
    party = await Party().begun()
    first = await party.written("first")
    second = await party.written("second")
    party.relay.committed(second)
    assert await party.sent() == ["first", "second"]
    party.relay.committed(first)
    assert await party.sent() == ["first", "second"], "once"


async def test_a_transaction_of_which_nobody_heard_that_it_committed_is_looked_for() -> None:
    party = await Party().begun()
    party.relay.rolled_back(await party.written("perhaps"))
    assert await party.sent() == ["perhaps"]
    assert party.rows.readings > 0
    later = await party.written("later")
    assert later.in_hand == [*party.relay.sent], "it is under way no more"


async def committed(party: Party, key: str) -> Transaction:
    tx = await party.written(key)
    party.relay.committed(tx)
    return tx


async def test_the_table_keeps_what_was_sent_until_the_bus_is_flushed() -> None:
    party = await Party(Flushes()).begun()
    for n in range(SENT_ROWS_KEPT - 1):
        await committed(party, str(n))
        await party.relay.send_due()
    assert party.bus.flushes == 0
    assert list((await committed(party, "last")).forgotten) == [], "nobody has said that the bus will keep them"
    await party.relay.send_due()
    assert party.bus.flushes == 1
    assert len((await party.written("later")).forgotten) == SENT_ROWS_KEPT


async def test_a_flush_that_fails_forgets_nothing_and_sends_nothing_twice() -> None:
    party = await Party(Flushes()).begun()
    await committed(party, "one")
    party.bus.full = True
    assert await party.sent() == ["one"]
    with pytest.raises(BusError):
        await party.relay.forget_sent()
    party.relay.look_again()
    with pytest.raises(BusError):
        await party.relay.send_due()
    assert len(party.rows.rows) == 1
    party.bus.full = False
    assert await party.sent() == ["one"]
    await party.relay.forget_sent()
    assert party.rows.rows == []
