"""乙 as several replicas: one totals a bank day while another adds a payment to it or removes one.

To hold a replica in the middle of a transaction, the test locks a table that the transaction writes to after all its
decisions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from contracts.events import ClosingStatementIssued, DepositMade
from contracts.vocabulary import ReceiptKind
from services.chassis.clock import pause
from testbed.postgres import PostgresServer
from tests.component.driven import accepted, jst
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.home import Home

pytestmark = pytest.mark.stack

SECONDS_TO_GET_THERE = 10.0
TODAY, TOMORROW = date(2021, 4, 12), date(2021, 4, 13)
CLOSING_TIME = jst("2021-04-13T00:30")
EVERYTHING_DEPOSITED = jst("2021-05-01T00:00")
REVERSES = "9002"
"""The test bank that reverses its approval after half an hour."""


@pytest.fixture
async def home(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    home = Home(tmp_path_factory.mktemp("nothing"), postgres)
    yield home
    await home.leave()


class Replicas:
    """Two replicas over one database. `counter` has events that change a day, `closer` is to total the day."""

    def __init__(self, counter: DrivenProvider, closer: DrivenProvider) -> None:
        self.counter, self.closer = counter, closer

    @classmethod
    async def started(cls, home: Home) -> Replicas:
        return cls(await DrivenProvider.started(home), await DrivenProvider.started(home))

    async def asked(self, replica: DrivenProvider, barcode: str, bank_code: str = "0001") -> str:
        """The id of a payment whose bank has answered; the answer is delivered to the replica and not yet handled."""
        payment_id = await replica.scanned(barcode)
        accepted(await replica.choose_bank(payment_id, bank_code))
        await self.hears(replica, timedelta(seconds=2))
        return payment_id

    async def hears(self, replica: DrivenProvider, after: timedelta) -> None:
        """Deliver to this replica alone what is due after this time."""
        await replica.settle()
        await replica.service.relay.delete_sent()
        replica.clock.step_to(replica.clock.now() + after)
        replica.service.relay.look_again()
        assert await replica.service.relay.send_due() == 1
        await replica.service.relay.delete_sent()

    async def day_ends(self) -> None:
        await self.hears(self.closer, CLOSING_TIME - self.closer.clock.now())

    @asynccontextmanager
    async def blocked_at(self, table: str) -> AsyncIterator[Callable[[DrivenProvider], Awaitable[None]]]:
        """Lock the table. Yields a function that starts a replica on its events and returns once it waits for the lock;
        the replicas go on when the block ends."""
        async with asyncio.TaskGroup() as at_work, self.counter.service.database.begin() as session:
            await session.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
            waiting = 0

            async def begin(replica: DrivenProvider) -> None:
                nonlocal waiting
                waiting += 1
                at_work.create_task(replica.service.consumer.handle_next(timeout=0))
                await self._until_waiting(waiting)

            yield begin

    async def _until_waiting(self, transactions: int) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with asyncio.timeout(SECONDS_TO_GET_THERE):
            while True:
                async with self.closer.service.database.read() as session:
                    if (await session.execute(text(query))).scalar_one() == transactions:
                        return
                await pause(0.01)

    async def totalled(self) -> list[tuple[date, list[str]]]:
        """(closed on, payments) of each statement. Asserts that the deposits equal the statements."""
        self.closer.service.relay.set_leader(True)
        await self.closer.advance(EVERYTHING_DEPOSITED)
        assert await self.closer.service.dead_letters() == []
        pages = await self.closer.published(ClosingStatementIssued)
        assert [d.amount for d in await self.closer.published(DepositMade)] == [page.total_amount for page in pages]
        return [(page.closed_on, [line.payment_id for line in page.lines]) for page in pages]

    async def receipts(self, payment_id: str) -> list[ReceiptKind]:
        """The kinds of receipt data that either replica has delivered for a payment."""
        kinds = [kind for r in (self.counter, self.closer) for kind, _ in await r.receipts(payment_id)]
        return sorted(map(ReceiptKind, kinds))


async def test_a_day_is_not_totalled_until_a_payment_that_is_being_counted_in_is_there(home: Home) -> None:
    replicas = await Replicas.started(home)
    early = await replicas.counter.paid_by_bank(slip(1))
    late = await replicas.asked(replicas.counter, slip(2))
    await replicas.day_ends()
    async with replicas.blocked_at("receipts") as begin:
        await begin(replicas.counter)
        await begin(replicas.closer)
    assert await replicas.totalled() == [(TODAY, sorted([early, late]))]


async def test_a_payment_that_comes_while_its_day_is_being_totalled_counts_for_the_next(home: Home) -> None:
    replicas = await Replicas.started(home)
    early = await replicas.counter.paid_by_bank(slip(1))
    late = await replicas.asked(replicas.counter, slip(2))
    await replicas.day_ends()
    async with replicas.blocked_at("outbox") as begin:
        await begin(replicas.closer)
        await begin(replicas.counter)
    assert await replicas.totalled() == [(TODAY, [early]), (TOMORROW, [late])]


async def test_a_day_is_not_totalled_until_an_approval_that_is_being_taken_back_is_gone(home: Home) -> None:
    replicas = await Replicas.started(home)
    standing, reversed_ = (
        await replicas.counter.paid_by_bank(slip(1)),
        await replicas.counter.paid_by_bank(slip(2), REVERSES),
    )
    await replicas.hears(replicas.counter, timedelta(minutes=30))
    await replicas.day_ends()
    async with replicas.blocked_at("receipts") as begin:
        await begin(replicas.counter)
        await begin(replicas.closer)
    assert await replicas.totalled() == [(TODAY, [standing])]
    assert await replicas.receipts(reversed_) == [ReceiptKind.PRELIMINARY, ReceiptKind.CANCELLED]


async def test_an_approval_cannot_be_taken_back_while_its_day_is_being_totalled(home: Home) -> None:
    replicas = await Replicas.started(home)
    payment_id = await replicas.counter.paid_by_bank(slip(1), REVERSES)
    await replicas.hears(replicas.counter, timedelta(minutes=30))
    await replicas.day_ends()
    async with replicas.blocked_at("outbox") as begin:
        await begin(replicas.closer)
        await begin(replicas.counter)
    assert await replicas.totalled() == [(TODAY, [payment_id])]
    assert await replicas.receipts(payment_id) == [ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED]


async def test_two_that_count_the_first_payments_of_a_day_open_one_closing(home: Home) -> None:
    replicas = await Replicas.started(home)
    payments = [await replicas.asked(r, slip(n)) for n, r in enumerate((replicas.counter, replicas.closer), 1)]
    async with replicas.blocked_at("receipts") as begin:
        await begin(replicas.counter)
        await begin(replicas.closer)
    assert await replicas.totalled() == [(TODAY, sorted(payments))]


async def test_payments_of_one_day_are_counted_in_side_by_side(home: Home) -> None:
    replicas = await Replicas.started(home)
    early = await replicas.counter.paid_by_bank(slip(1))
    slow = await replicas.asked(replicas.counter, slip(2))
    quick = await replicas.asked(replicas.closer, slip(3))
    async with replicas.counter.service.database.begin() as session:
        await session.execute(text("SELECT 1 FROM closings FOR SHARE"))  # as a replica does that adds a payment
        assert (
            await asyncio.wait_for(replicas.closer.service.consumer.handle_next(timeout=0), SECONDS_TO_GET_THERE) == 1
        )
    assert await replicas.counter.service.consumer.handle_next(timeout=0) == 1
    assert await replicas.totalled() == [(TODAY, sorted([early, slow, quick]))]
