"""What a relay makes of transactions of its own process that overlap, as those on PostgreSQL do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Record, TopicSpec
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.identity import SeededIdentity
from services.chassis.outbox import OutboxRow
from services.chassis.relay import Relay
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


class Party:
    """A relay that has looked at its empty table, over a bus with one topic."""

    def __init__(self) -> None:
        self.rows, self.bus = Rows(), MemoryBus()
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
    party.relay.broke_off(await party.written("perhaps"))
    assert await party.sent() == ["perhaps"]
    assert party.rows.readings > 0
    later = await party.written("later")
    assert later.in_hand == [*party.relay.sent], "it is under way no more"
