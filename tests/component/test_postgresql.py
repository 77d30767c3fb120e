"""What PostgreSQL alone can do to a party: several replicas write at once, sessions are cut, the server is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import structlog
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import Event
from contracts.http.ward.slips import ReissueRequest
from contracts.vocabulary import ReceiptKind, Refusal
from services.chassis.clock import pause
from services.chassis.database import Database
from services.chassis.database.engine import Lease
from services.chassis.identity import SeededIdentity
from services.chassis.messaging.inbox import Inbox, fingerprint
from services.chassis.outages import is_outage
from services.chassis.process import _serve
from services.chassis.service import Service
from services.chassis.transaction import Author, Transaction
from services.ward.handlers.register_receipts import register_receipts
from services.ward.handlers.statements_expected import StatementWatch
from testbed.postgres import PostgresServer
from tests.component.driven_ward import NOON, DrivenWard, deposit, receipt, statement
from tests.component.home import Home
from tests.component.tiny_party import Driven, Entry, EntryRequest, Token, keep_tokens

pytestmark = pytest.mark.stack
SOON = 5.0
"""Seconds to wait for what should happen immediately; it takes milliseconds."""


@pytest.fixture
async def home(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    home = Home(tmp_path_factory.mktemp("nothing"), postgres)
    yield home
    await home.leave()


async def until(so: Callable[[], Awaitable[bool]], within: float = 30.0) -> None:
    """Poll until the condition holds. Raises `TimeoutError` if it does not in time."""
    async with asyncio.timeout(within):
        while not await so():
            await pause(0.02)


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """The service as its process runs it, stopped at the end."""
    stopping = asyncio.Event()
    serving = asyncio.create_task(_serve(service, [], None, stopping))
    try:
        await until(lambda: _sends(service))
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(serving, 30)


async def _sends(service: Service) -> bool:
    return service.relay.sends


async def cut_sessions(home: Home, name: str) -> None:
    """Cut all sessions of the database, as a restart of the server does."""
    assert home.server is not None
    database = (await home.url(name)).rpartition("/")[2]
    await home.server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")


async def allow_connections(home: Home, name: str, allowed: bool) -> None:
    assert home.server is not None
    database = (await home.url(name)).rpartition("/")[2]
    await home.server.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS {allowed}')


async def test_sessions_that_are_cut_under_a_running_service_cost_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    names = [f"e{n}" for n in range(40)]
    async with running(driven.service):
        for name in names:
            await driven.send(Entry(account="a", name=name))
            if name in ("e10", "e25"):
                await cut_sessions(home, driven.principal)
        await until(lambda: _asked_all(driven, names))
        assert await driven.names() == names
        assert driven.service.relay.sends, "it has its lease again"
        assert await driven.service.dead_letters() == []
    assert list(dict.fromkeys(await driven.asked())) == names


async def _asked_all(driven: Driven, names: Sequence[str]) -> bool:
    return set(await driven.asked()) == set(names)


async def test_an_outage_is_answered_503_and_waited_out(home: Home) -> None:
    driven = await Driven.started(home)
    transport = httpx.ASGITransport(driven.http, raise_app_exceptions=False)
    async with running(driven.service), httpx.AsyncClient(transport=transport, base_url="http://tiny") as client:
        await allow_connections(home, driven.principal, False)
        await cut_sessions(home, driven.principal)
        await driven.send(Entry(account="a", name="meanwhile"))
        with structlog.testing.capture_logs() as lines:
            for method, path in (("POST", "/entries"), ("GET", "/ops/status"), ("GET", "/health/ready")):
                body = {"account": "a", "name": "one"} if method == "POST" else None
                answer = await client.request(method, path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
                assert answer.headers["Retry-After"] == "2"
        assert (await client.get("/health/live")).status_code == 200
        assert not any("exc_info" in line for line in lines)
        assert (
            "not currently accepting connections" in next(line for line in lines if "request" in line["event"])["error"]
        )
        await allow_connections(home, driven.principal, True)
        await until(lambda: _asked_all(driven, ["meanwhile"]))
        assert (await client.post("/entries", json={"account": "a", "name": "after"})).status_code == 201
        assert await driven.service.dead_letters() == []


async def test_a_lease_that_is_lost_is_noticed_at_once_and_free_for_others(home: Home) -> None:
    one, two = [Database(await home.url("party")) for _ in range(2)]
    changed = asyncio.Event()
    async with one.sole_holder("relay", changed.set) as lease:
        assert lease.held
        async with one.sole_holder("another purpose") as other:
            assert other.held, "locks of different purposes do not conflict"
        async with two.sole_holder("relay") as refused:
            assert not refused.held
        await cut_sessions(home, "party")
        await asyncio.wait_for(changed.wait(), SOON)
        await until(lambda: _lost(lease), SOON)
        await until(lambda: _can_take(two))
    for database in (one, two):
        await database.close()


async def _lost(lease: Lease) -> bool:
    return not lease.held


async def _can_take(database: Database) -> bool:
    """Whether the lease is free. This database's session was cut too, and this may be its first use since."""
    try:
        async with database.sole_holder("relay") as lease:
            return lease.held
    except Exception as failure:
        if not is_outage(failure):
            raise
        return False


async def test_what_another_replica_leaves_to_send_is_sent_at_once(home: Home) -> None:
    sender, other = [await Driven.started(home) for _ in range(2)]
    other.bus = other.service.relay._bus = sender.bus
    async with running(sender.service):
        other.service.relay.set_leader(False)
        assert not isinstance(await other.service.add(EntryRequest(account="a", name="one")), Refusal)
        await until(lambda: _asked_all(sender, ["one"]), within=0.9)
        await until(lambda: _nothing_due(other), within=0.9)


async def _nothing_due(driven: Driven) -> bool:
    return (await driven.service.status()).outbox_due == 0


async def test_two_members_at_work_on_the_same_events_in_other_orders_do_not_wait_in_a_circle(home: Home) -> None:
    wards = [await DrivenWard.started(home) for _ in range(2)]
    people = [f"{n:010}" for n in range(30)]
    slips = [slip for person in people for slip in await wards[0].assess(insured_number=person)]
    events: list[Event] = []
    for n, slip in enumerate(slips):
        events += [receipt(f"p{n}", slip, kind) for kind in (ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED)]
    for number in range(10):
        lines = [(f"p{n}", slips[n].amount) for n in range(len(slips)) if n % 10 == number]
        events += statement(lines, statement_id=f"s{number}", page_size=5)
        events.append(deposit(sum(amount for _, amount in lines), statement_id=f"s{number}", deposit_id=f"d{number}"))
    with structlog.testing.capture_logs() as lines_of_log:
        await asyncio.gather(*(_hears(ward, events, seed) for seed, ward in enumerate(wards)))
    assert not [line for line in lines_of_log if "eadlock" in str(line.get("error"))]
    for ward in wards:
        assert await ward.service.dead_letters() == []
    assert len(await wards[0].reconciled()) == 10
    assert (await wards[0].balances()).keys() == {"bank_account", "premium_revenue"}


@pytest.mark.parametrize("known", [True, False], ids=["the slip is locked", "the receipt collides"])
async def test_a_receipt_that_another_member_is_registering_has_one_effect(known: bool, home: Home) -> None:
    """A member that lost its partitions goes on with its batch while its successor handles the same events."""
    zombie, successor = [await DrivenWard.started(home) for _ in range(2)]
    slips = await zombie.assess()
    events = [receipt(f"p{n}", slip if known else f"unknown {n}") for n, slip in enumerate(slips)]
    await successor.bus.produce([successor.record(event) for event in events])
    database = zombie.service.database
    with structlog.testing.capture_logs() as lines_of_log:
        async with database.begin() as session:
            tx = Transaction(session, NOON, Author("ward", SeededIdentity(1)))
            await register_receipts(events[3:6], tx, watch=StatementWatch(60))
            handling = asyncio.create_task(successor.service.consumer.handle_next(timeout=0))
            await until(lambda: _waits(database))
            assert not handling.done()
        assert await handling == len(events)
    failed = [line["error"] for line in lines_of_log if line["event"].startswith("wave failed")]
    assert len(failed) == (0 if known else 1), failed
    assert all("IntegrityError" in error for error in failed)
    books = await successor.service.books()
    assert sorted(r.payment_id for r in books.receipts) == [f"p{n}" for n in range(9)]
    assert (await successor.balances())["in_transit_jcb"] == sum(event.amount for event in events)
    assert await successor.service.dead_letters() == []


async def test_an_effect_with_a_natural_key_that_another_member_is_writing_happens_once(home: Home) -> None:
    driven = await Driven.started(home)
    names = ["a", "b", "c"]
    await driven.send(*(Token(account=name, name=name) for name in names))
    database = driven.service.database
    async with database.begin() as session:
        await keep_tokens(
            [Token(account="b", name="b")], Transaction(session, NOON, Author(driven.principal, SeededIdentity(1)))
        )
        handling = asyncio.create_task(driven.service.consumer.handle_next(timeout=0))
        await until(lambda: _waits(database))
    assert await handling == 3
    await driven.settle()
    assert list(await driven.token_amounts()) == names
    assert sorted(await driven.asked()) == ["a", "c"], "the agent is asked about b by the transaction that stored it"
    assert await driven.service.dead_letters() == []


async def test_reissues_by_two_members_at_once_are_counted_one_by_one(home: Home) -> None:
    wards = [await DrivenWard.started(home) for _ in range(2)]
    request = ReissueRequest(slip_number=(await wards[0].assess())[0].slip_number)
    for _ in range(4):
        answers = await asyncio.gather(*(ward.service.commands.reissue_slip(request) for ward in wards))
        assert not [answer for answer in answers if isinstance(answer, Refusal)]
    slip = await wards[0].service.queries.slip(request.slip_number)
    assert not isinstance(slip, Refusal)
    assert slip.reissue == 8


async def _hears(ward: DrivenWard, events: Sequence[Event], seed: int) -> None:
    """Deliver all events to this ward in an order that depends on the seed; it handles them in batches."""
    own = sorted(events, key=lambda event: fingerprint(f"{seed}{event}".encode()))
    await ward.bus.produce([ward.record(event) for event in own])
    while await ward.service.consumer.handle_next(timeout=0):
        await ward.service.relay.send_due()


async def test_rows_are_inserted_in_the_order_of_their_keys_whatever_order_they_are_given_in(home: Home) -> None:
    tables = MetaData()
    inbox = Inbox(tables)
    database = Database(await home.url("party"))
    await database.create(tables)

    async def mark(*event_ids: str) -> None:
        async with database.begin() as session:
            await session.execute(text("SET LOCAL lock_timeout = '5s'"))
            await inbox.mark(session, NOON, dict.fromkeys(event_ids, b""))

    async with database.begin() as holder:
        await inbox.mark(holder, NOON, {"m": b""})
        held_up = asyncio.create_task(mark("z", "m", "a"))
        await until(lambda: _waits(database))
        await mark("z")  # not yet locked by the transaction that waits at m
    with pytest.raises(IntegrityError):
        await held_up
    await database.close()


async def _waits(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as session:
        return bool((await session.execute(text(query))).scalar_one())


async def test_a_transaction_in_which_a_statement_failed_does_not_pass_for_committed(home: Home) -> None:
    database = Database(await home.url("party"))

    async def catch_it() -> None:
        async with database.begin() as session:
            with suppress(DBAPIError):
                await session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError, match="nothing of this is committed"):
        await catch_it()
    await database.require_writing()
    await database.close()


async def test_a_task_cancelled_in_a_transaction_leaves_nothing_behind(home: Home) -> None:
    database = Database(await home.url("party"), pool_size=2)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE things (name text)"))

    async def write(then: str) -> None:
        async with database.begin() as session:
            await session.execute(text("INSERT INTO things VALUES ('half')"))
            await session.execute(text(then))

    for seconds in (0.0, 0.001, 0.01, 0.1):  # at any point of the transaction
        task = asyncio.create_task(write("SELECT pg_sleep(60)"))
        await pause(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM things"))).scalar_one() == 0
        await until(lambda: _no_transaction_is_open(session), SOON)
    await database.close()


async def _no_transaction_is_open(session: AsyncConnection) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state <> 'idle'"
    )
    return not (await session.execute(text(query))).scalar_one()


async def test_no_more_connections_than_were_allowed_however_many_ask(home: Home) -> None:
    database = Database(await home.url("party"), pool_size=3)
    pids: set[int] = set()

    async def ask() -> None:
        async with database.begin() as session:
            pids.add((await session.execute(text("SELECT pg_backend_pid() FROM pg_sleep(0.005)"))).scalar_one())

    async with asyncio.TaskGroup() as asking:
        for _ in range(30):
            asking.create_task(ask())
    assert len(pids) == 3
    await database.close()
