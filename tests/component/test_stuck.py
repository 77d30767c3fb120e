"""What waits is seen: readiness, status and metrics say so while it lasts, and metrics never show what is not so."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import BusError, Offsets
from services.chassis.process import keep_handling, keep_sending
from testbed.postgres import running_postgres
from testbed.processes import eventually
from tests.component.home import Home
from tests.component.tiny_party import INBOUND, Driven, Entry

SOON = 10.0
Samples = dict[tuple[str, ...], float]


class UnreliableBus(MemoryBus):
    """A bus that fails while it is `out`, as one on a read-only medium does while it is `closed`."""

    out = closed = False

    async def produce(self, records: Any) -> None:
        if self.closed or self.out:
            raise BusError("payment_provider.log.sqlite: attempt to write a readonly database")
        await super().produce(records)

    async def end_offsets(self, topics: Any) -> Offsets:
        if self.out:
            raise BusError("no broker answers")
        return await super().end_offsets(topics)


class Watched:
    """A party whose process runs its loops, asked over HTTP."""

    def __init__(self, driven: Driven, bus: UnreliableBus, client: httpx.AsyncClient) -> None:
        self.driven, self.bus, self.client = driven, bus, client

    async def metrics(self) -> Samples:
        families = text_string_to_metric_families((await self.client.get("/metrics")).text)
        return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}

    async def readiness(self) -> tuple[int, str]:
        answer = await self.client.get("/health/ready")
        return answer.status_code, answer.text

    async def send(self, **fields: Any) -> None:
        await self.driven.bus.produce([self.driven.record(Entry(account="a", **fields))])

    async def until(self, holds: Callable[[Samples], bool], what: str) -> Samples:
        async def asked() -> Samples | None:
            found = await self.metrics()
            return found if holds(found) else None

        return await eventually(asked, what, within=SOON)

    async def all_is_well(self) -> None:
        """Readiness, status and metrics agree that nothing waits, sooner or later."""
        await self.until(lambda m: waiting(m) == set(), "the end of every wait")
        assert (await self.readiness())[0] == 200
        assert (await self.client.get("/ops/status")).json()["waiting"] == []


def waiting(samples: Samples) -> set[str]:
    """What the metrics say to be waiting. Asserts that a wait, and nothing else, has a duration."""
    found = {labels[0]: value for (name, *labels), value in samples.items() if name == "sansha_outage"}
    assert set(found) == {"bus", "clock", "consumer", "database", "dead_letters", "relay"}
    for what, value in found.items():
        assert value == 1 or samples["sansha_outage_seconds", what] == 0
    return {what for what, value in found.items() if value}


@asynccontextmanager
async def watched(home: Home, *, sends: bool = True) -> AsyncIterator[Watched]:
    """`sends`: whether its process sends what its outbox holds."""
    driven, bus, stopping = Driven(home), UnreliableBus(), asyncio.Event()
    driven.bus = bus
    await driven.start()
    transport = httpx.ASGITransport(driven.http, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny", timeout=30) as client:
        runs = (keep_handling, keep_sending) if sends else (keep_handling,)
        loops = [asyncio.create_task(run(driven.service, stopping)) for run in runs]
        try:
            yield Watched(driven, bus, client)
        finally:
            stopping.set()
            await asyncio.wait(loops, timeout=SOON)
            for loop in loops:
                loop.cancel()


async def test_a_party_without_work_waits_for_nothing(home: Home) -> None:
    async with watched(home) as party:
        await party.all_is_well()
        await party.send(name="one")
        metrics = await party.until(lambda m: m.get(("sansha_events_handled_total", Entry.TYPE)) == 1, "the event")
        await party.all_is_well()
        metrics = await party.metrics()
        assert (metrics["sansha_consumer_lag", INBOUND], metrics["sansha_outbox_due",]) == (0, 0)


async def test_rows_that_the_bus_does_not_take_are_seen_to_wait(home: Home) -> None:
    async with watched(home) as party:
        party.bus.closed = True
        await party.client.post("/entries", json={"account": "a", "name": "one", "amount": 1})
        metrics = await party.until(lambda m: "relay" in waiting(m), "the wait of the relay")
        assert metrics["sansha_outbox_due",] == 1
        status, text = await party.readiness()
        assert (status, "relay: sending what the outbox holds" in text) == (503, True)
        assert "attempt to write a readonly database" in text
        (wait,) = (await party.client.get("/ops/status")).json()["waiting"]
        assert (wait["what"], "readonly" in wait["because"]) == ("relay", True)
        party.bus.closed = False
        await party.all_is_well()
        assert (await party.metrics())["sansha_outbox_due",] == 0


async def test_rows_that_no_process_sends_are_seen_to_wait(home: Home) -> None:
    async with watched(home, sends=False) as party:
        party.driven.service.waits.long_seconds = 0.2
        await party.client.post("/entries", json={"account": "a", "name": "one", "amount": 1})
        metrics = await party.until(lambda m: "relay" in waiting(m), "rows that nobody sends")
        assert metrics["sansha_outbox_due",] == 1
        status, text = await party.readiness()
        assert (status, "no process of this party sends them" in text) == (503, True)
        await party.driven.service.relay.send_due()
        await party.all_is_well()


async def test_an_outage_of_the_bus_leaves_the_rows_known_and_the_lag_unknown(home: Home) -> None:
    async with watched(home) as party:
        party.bus.out = True
        await party.client.post("/entries", json={"account": "a", "name": "one", "amount": 1})
        metrics = await party.until(lambda m: {"bus", "relay"} <= waiting(m), "the outage of the bus")
        assert math.isnan(metrics["sansha_consumer_lag", INBOUND])
        assert (metrics["sansha_outbox_due",], metrics["sansha_dead_letters",]) == (1, 0)
        assert (await party.readiness())[0] == 503
        answer = await party.client.get("/ops/status")
        assert (answer.status_code, "no broker answers" in answer.json()["detail"]) == (503, True)
        party.bus.out = False
        await party.all_is_well()


async def test_a_locked_table_is_seen_to_hold_up_the_events(home: Home) -> None:
    async with watched(home) as party:
        party.driven.service.waits.long_seconds = 0.2
        async with locked(home, party.driven):
            await party.send(name="one")
            metrics = await party.until(lambda m: "consumer" in waiting(m), "events that wait")
            assert metrics["sansha_consumer_lag", INBOUND] == 1
            status, text = await party.readiness()
            assert (status, "consumer: handling" in text) == (503, True)
        await party.all_is_well()
        assert await party.driven.names() == ["one"]


@asynccontextmanager
async def locked(home: Home, driven: Driven) -> AsyncIterator[None]:
    """Another program has locked the party's table."""
    if home.server is None:
        async with driven.service.reading() as session:  # fail at once if another process is writing
            await session.exec_driver_sql("PRAGMA busy_timeout = 1")
        hog = sqlite3.connect(home.folder / f"{driven.principal}.db", isolation_level=None)
        hog.execute("BEGIN IMMEDIATE")
        yield
        hog.close()
        return
    connection = await asyncpg.connect(await home.url(driven.principal))
    async with connection.transaction():
        await connection.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
        yield
    await connection.close()


async def test_a_dead_letter_is_shown_and_holds_nothing_up(home: Home) -> None:
    async with watched(home) as party:
        await party.send(name="bad", amount=-1)
        await party.send(name="good")
        metrics = await party.until(lambda m: waiting(m) == {"dead_letters"}, "a dead letter")
        assert metrics["sansha_dead_letters",] == metrics["sansha_events_dead_lettered_total", Entry.TYPE] == 1
        status, text = await party.readiness()
        assert (status, "dead-letters list" in text) == (200, True)
        assert [w["what"] for w in (await party.client.get("/ops/status")).json()["waiting"]] == ["dead_letters"]
        assert await party.driven.names() == ["good"]


async def test_an_event_that_is_set_aside_twice_is_counted_once(home: Home) -> None:
    async with watched(home) as party:
        bad = party.driven.record(Entry(account="a", name="bad", amount=-1))
        await party.driven.bus.produce([bad, bad])
        await party.until(lambda m: m["sansha_consumer_lag", INBOUND] == 0, "both deliveries")
        metrics = await party.until(lambda m: m["sansha_dead_letters",] == 1, "the dead letter")
        assert metrics["sansha_events_dead_lettered_total", Entry.TYPE] == 1


@pytest.mark.stack
async def test_while_postgresql_is_stopped_the_lag_is_true_and_the_rows_are_unknown(tmp_path: Path) -> None:
    with running_postgres("-c fsync=off") as server:
        async with watched(Home(tmp_path, server)) as party:
            await party.all_is_well()
            server.container.stop(timeout=20)
            await party.send(name="one")
            metrics = await party.until(lambda m: {"database", "consumer"} <= waiting(m), "the outage")
            assert metrics["sansha_consumer_lag", INBOUND] == 1
            assert math.isnan(metrics["sansha_outbox_due",])
            assert math.isnan(metrics["sansha_dead_letters",])
            assert metrics["sansha_outage_seconds", "database"] >= 0
            assert (await party.readiness())[0] == 503
            answer = await party.client.get("/ops/status")
            assert (answer.status_code, "database: reading the outbox" in answer.json()["detail"]) == (503, True)
            server.container.start()
            await party.all_is_well()
            assert (await party.metrics())["sansha_consumer_lag", INBOUND] == 0
            await party.driven.service.abandon()
