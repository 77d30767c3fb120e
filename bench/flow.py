"""`python -m bench.flow`: card payments from the scan until the ward has registered their receipts, per second.

The four parties are processes of their own (`sansha up`), over the embedded log and SQLite or, with `--stack`, over
Kafka and PostgreSQL in containers; commits are durable. Cards have been typed before. Three figures:

- many: slips are scanned and paid by bulk requests, timed until the ward's committed offsets have reached them all;
- scans: slips scanned one by one over HTTP, over some hundred connections;
- steady: payments one by one, so many a second, each timed from before its scan until the ward has committed its
  receipt.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench import cpu
from bench.__main__ import machine
from bench.stages import Seconds, since, stage_counts
from contracts import topics
from contracts.http import CardTokenAnswer
from contracts.vocabulary import Agent
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import EventBus, Offsets, TopicPartition
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import pause
from services.chassis.percentiles import percentile
from services.console.clients import StackClient
from services.console.payers import brand_of, card_number
from services.console.slips import issue_generated
from tests.broker import running_broker
from tests.end_to_end.keep_alive import KeepAlive
from tests.end_to_end.payer_crowd import INSTALMENTS, SEED
from tests.end_to_end.real_stack import PARTIES, RealStack
from tests.end_to_end.running_stack import STEPPED, Stack
from tests.postgres import running_postgres

AT_ONCE = {"KAFKA_GROUP_COORDINATOR_APPEND_LINGER_MS": "0"}
"""By default the broker gathers offset commits for 5 ms: who commits after each batch would mostly wait for that."""
ITEMS, REQUESTS_UNDER_WAY = 500, 4
WARM_UP = 1_000
COUNTED = ("commit", "decode", "produce", "read_outbox")
"""Stages of which it is told how often they were done: transactions, batches, sendings, readings of the outbox."""
PREFIX = "flow."
SLIPS_PER_PAGE = 10_000
RECEIPTS = [topics.RECEIPTS.name]
PROVIDER = topics.PAYMENT_PROVIDER
LOOK_SECONDS = 0.001
"""How often the ward's committed offsets are looked at; a latency is told too long by that at most."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A slip, and the token of its payer's card."""

    barcode: str
    card: dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A stack that runs, a line to its bus, the consent under which everything is scanned."""

    stack: Stack
    bus: EventBus
    consent: str

    async def ends(self) -> Offsets:
        """How many receipts there are, by partition."""
        return await self.bus.end_offsets(RECEIPTS)

    async def registered(self) -> Offsets:
        """How many of them the ward has committed."""
        return await self.bus.committed(topics.WARD, RECEIPTS)

    async def post(self, connection: KeepAlive, path: str, body: Any, key: str) -> Any:
        """The answer's document. Raises `AssertionError` for a refusal."""
        answer = await connection.post(path, body, key)
        assert answer.status < 300, answer.body.decode()
        return answer.document

    def connection(self) -> KeepAlive:
        """To the provider."""
        return KeepAlive(self.stack.port(PROVIDER))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.flow")
    parser.add_argument("--payments", type=int, default=20_000, help="paid by bulk requests")
    parser.add_argument("--scans", type=int, default=5_000, help="scanned one by one")
    parser.add_argument("--connections", type=int, default=200, help="over which they are scanned")
    parser.add_argument("--steady", type=int, default=2_000, help="paid one by one")
    parser.add_argument("--rate", type=int, default=200, help="of these a second")
    parser.add_argument("--stack", action="store_true", help="Kafka and PostgreSQL in containers")
    options = parser.parse_args()
    print(
        f"{machine()}, load average {os.getloadavg()[0]:.1f}, {'Kafka + PostgreSQL' if options.stack else 'embedded'}"
    )
    asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> None:
    count = WARM_UP + options.payments + options.scans + options.steady
    with tempfile.TemporaryDirectory(prefix="sansha-flow-") as folder:
        async with _running(Path(folder), options.stack) as (stack, bus):
            print("processes:", ", ".join(f"{name} {pid}" for name, pid in (await stack.pids()).items()), flush=True)
            place = Place(stack, bus, await _consent(stack))
            ready = iter(await _ready(stack, count))
            await _many(place, _next(ready, WARM_UP))
            if options.payments:
                wanted = _next(ready, options.payments)
                await _timed("many: scan → registered", stack, len(wanted), _many(place, wanted))
            if options.scans:
                wanted = _next(ready, options.scans)
                await _timed("scans one by one", stack, len(wanted), _scans(place, wanted, options.connections))
            if options.steady:
                wanted = _next(ready, options.steady)
                await _timed("steady", stack, len(wanted), _steady(place, wanted, options.rate))
            await _settled(place)
            assert await stack.dead_letters() == []


def _next(ready: Iterator[Payment], count: int) -> Sequence[Payment]:
    return [next(ready) for _ in range(count)]


@asynccontextmanager
async def _running(folder: Path, real: bool) -> AsyncIterator[tuple[Stack, EventBus]]:
    if not real:
        stack = Stack(folder, *STEPPED)
        async with _started(stack, SqliteLog(stack.data / "bus")) as bus:
            yield stack, bus
        return
    with running_broker(**AT_ONCE) as broker, running_postgres() as server:
        databases = {principal: server.url(await server.make_database(principal)) for principal in PARTIES}
        stack = RealStack(folder, broker.plain, PREFIX, databases)
        async with _started(stack, KafkaBus(KafkaOptions(broker.plain, prefix=PREFIX))) as bus:
            yield stack, bus


@asynccontextmanager
async def _started(stack: Stack, bus: EventBus) -> AsyncIterator[EventBus]:
    try:
        await stack.start()
        yield bus
    finally:
        await bus.close()
        await stack.close()


async def _consent(stack: Stack) -> str:
    async with StackClient(stack.port_base) as client:
        return await client.consent("gateway")


async def _ready(stack: Stack, count: int) -> Sequence[Payment]:
    """Slips issued, in an order in which a payer's are far apart, and a card of each payer's own typed to its agent."""
    found: list[Any] = []
    async with StackClient(stack.port_base) as client:
        await issue_generated(client, -(-count // INSTALMENTS), 2021, SEED)
        while len(found) < count:
            after = {"after": found[-1]["slip_number"]} if found else {}
            found += await stack.get(topics.WARD, "/slips", limit=SLIPS_PER_PAGE, **after)
        payers = dict.fromkeys(slip["insured_number"] for slip in found)
        tokens = await _tokens(stack, client, list(payers))
    ready = [Payment(slip["barcode"], tokens[slip["insured_number"]].model_dump()) for slip in found if slip["barcode"]]
    return [payment for n in range(INSTALMENTS) for payment in ready[n::INSTALMENTS]]


async def _tokens(stack: Stack, client: StackClient, payers: Sequence[str]) -> dict[str, CardTokenAnswer]:
    routes = await stack.get(PROVIDER, "/card-agents")
    agent_of = {brand: Agent(route["agent"]) for route in routes for brand in route["brands"]}
    cards = {payer: card_number(SEED, payer) for payer in payers}
    tokens: dict[str, CardTokenAnswer] = {}
    for agent in Agent:
        own = [payer for payer in payers if agent_of[str(brand_of(cards[payer]))] is agent]
        for n in range(0, len(own), SLIPS_PER_PAGE):
            some = own[n : n + SLIPS_PER_PAGE]
            answer = await client.tokenize_many(agent, [(cards[p], "12/29") for p in some], f"{agent}/{n}")
            tokens |= zip(some, answer.tokens, strict=True)
    return tokens


async def _timed(name: str, stack: Stack, count: int, work: Awaitable[str]) -> None:
    pids = await stack.pids()
    gauges: cpu.Gauges = {name: partial(cpu.of_process, pid) for name, pid in pids.items()}
    gauges = {**gauges, "payers": time.process_time}
    counts, before, began = await _counts(stack), cpu.read(gauges), time.perf_counter()
    more = await work
    seconds = time.perf_counter() - began
    print(f"{name:26} {count:7,} in {seconds:6.2f} s = {count / seconds:7,.0f} /s  {more}")
    print(f"{'':26} CPU µs each: {_each(since(before, cpu.read(gauges)), count)}")
    later = await _counts(stack)
    done = (f"{p} {' '.join(f'{since(counts[p], later[p])[s]:.0f}' for s in COUNTED)}" for p in PARTIES)
    print(f"{'':26} {', '.join(COUNTED)}: {' · '.join(done)}", flush=True)


async def _counts(stack: Stack) -> Mapping[str, Mapping[str, float]]:
    async with httpx.AsyncClient() as http:
        return {p: stage_counts((await http.get(f"{stack.url(p)}/metrics")).content) for p in PARTIES}


def _each(seconds: Seconds, count: int) -> str:
    return " · ".join(f"{name} {1e6 * used / count:.0f}" for name, used in seconds.items())


async def _many(place: Place, wanted: Sequence[Payment]) -> str:
    """Some requests under way at any time; returns when the ward has registered every receipt."""
    goal = sum((await place.ends()).values()) + len(wanted)
    parts = iter([wanted[n : n + ITEMS] for n in range(0, len(wanted), ITEMS)])
    async with asyncio.TaskGroup() as sending:
        for _ in range(REQUESTS_UNDER_WAY):
            sending.create_task(_send(place, parts))
    while sum((await place.registered()).values()) < goal:
        await pause(LOOK_SECONDS)
    return ""


async def _send(place: Place, parts: Iterator[Sequence[Payment]]) -> None:
    connection = place.connection()
    for part in parts:
        key = part[0].barcode
        scans = [{"barcode": p.barcode, "consent_id": place.consent} for p in part]
        scanned = (await place.post(connection, "/scans/bulk", {"scans": scans}, key))["payments"]
        choices = [{"payment_id": s["payment_id"], **p.card} for s, p in zip(scanned, part, strict=True)]
        await place.post(connection, "/payments/cards", {"choices": choices}, key)
    connection.close()


async def _scans(place: Place, wanted: Sequence[Payment], connections: int) -> str:
    waiting = iter(wanted)
    took: list[float] = []

    async def scan() -> None:
        connection = place.connection()
        for payment in waiting:
            began = time.perf_counter()
            body = {"barcode": payment.barcode, "consent_id": place.consent}
            await place.post(connection, "/scans", body, payment.barcode)
            took.append(time.perf_counter() - began)
        connection.close()

    async with asyncio.TaskGroup() as scanning:
        for _ in range(connections):
            scanning.create_task(scan())
    return _percentiles(took)


async def _steady(place: Place, wanted: Sequence[Payment], rate: int) -> str:
    """Payments begin when it is their time, whether or not others have ended."""
    watch = Watch(place, await place.ends())
    watching = asyncio.create_task(watch.until(len(wanted)))
    free: list[KeepAlive] = []
    first = time.perf_counter()
    async with asyncio.TaskGroup() as paying:
        for n, payment in enumerate(wanted):
            await pause(max(0.0, first + n / rate - time.perf_counter()))
            paying.create_task(_pay(place, payment, free, watch))
    await watching
    for connection in free:
        connection.close()
    return _percentiles(watch.took)


async def _pay(place: Place, payment: Payment, free: list[KeepAlive], watch: Watch) -> None:
    connection = free.pop() if free else place.connection()
    began, key = time.perf_counter(), payment.barcode
    scan = {"barcode": payment.barcode, "consent_id": place.consent}
    payment_id = (await place.post(connection, "/scans", scan, key))["payment_id"]
    watch.began[payment_id] = began
    await place.post(connection, f"/payments/{payment_id}/card", payment.card, key)
    free.append(connection)


class Watch:
    """Sees which receipts the ward has committed, and when."""

    def __init__(self, place: Place, ends: Offsets) -> None:
        self._place, self._read = place, dict(ends)
        self._told: dict[TopicPartition, list[tuple[int, str]]] = {tp: [] for tp in ends}
        self.began: dict[str, float] = {}
        self.took: list[float] = []

    async def until(self, count: int) -> None:
        """Returns when so many have been registered."""
        while len(self.took) < count:
            registered, at = await self._place.registered(), time.perf_counter()
            for message in await self._place.bus.read(topics.RECEIPTS.name, self._read):
                tp = TopicPartition(message.topic, message.partition)
                self._read[tp] = message.offset + 1
                self._told[tp].append((message.offset, message.key))
            for tp, told in self._told.items():
                done = [key for offset, key in told if offset < registered.get(tp, 0)]
                self.took += [at - self.began[key] for key in done]
                del told[: len(done)]
            await pause(LOOK_SECONDS)


def _percentiles(seconds: Sequence[float]) -> str:
    ascending = sorted(seconds)
    return " · ".join(f"p{p} {1e3 * percentile(ascending, p):.1f} ms" for p in (50, 90, 99))


async def _settled(place: Place) -> None:
    """Until the ward has committed all there is."""
    while await place.registered() != await place.ends():
        await pause(0.1)


if __name__ == "__main__":
    main()
