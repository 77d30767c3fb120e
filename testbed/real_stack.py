"""Runs `sansha up` on Kafka and PostgreSQL, each stack with its own topics and databases."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import asyncpg
import httpx

from contracts import topics
from contracts.books import Books
from contracts.cloudevents import envelope
from contracts.http.service import ServiceStatus
from contracts.parties import PARTIES
from contracts.topics import Topic
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.clock import monotonic, pause
from services.console.books.audit import Audit
from services.console.books.reading import audit_stack, stack_books
from services.console.stack.clients import StackClient
from testbed.payer_crowd import Crowd, Order, orders
from testbed.processes import PATIENCE_SECONDS, eventually
from testbed.reckoning import all_settled
from testbed.running_stack import STEPPED, Stack

SESSION_SECONDS = 6
"""A consumer silent for this long is taken for dead. Shorter than the default, so that faults outlast it."""
CATCHING_UP_SECONDS = 120.0
PAYMENTS = 240
EARLY = PAYMENTS // 4
"""Once this many are scanned, most payments are still to come or under way."""


def variable(principal: str, name: str) -> str:
    """The environment variable that sets `name` for one party."""
    return f"SANSHA_{principal.replace('.', '_').upper()}_{name}"


class RealStack(Stack):
    """A stepped stack on the broker at `bootstrap`; `databases` is principal → URL."""

    def __init__(
        self, folder: Path, bootstrap: str, prefix: str, databases: Mapping[str, str], *options: str, **settings: str
    ) -> None:
        self.databases, self._kafka = databases, KafkaOptions(bootstrap, prefix=prefix)
        places = {variable(principal, "DATABASE_URL"): url for principal, url in databases.items()}
        quick = {"SANSHA_KAFKA_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS)}
        bus = ("--bus", f"kafka://{bootstrap}")
        environment = {"SANSHA_KAFKA_TOPIC_PREFIX": prefix, **quick, **places, **settings}
        super().__init__(folder, *STEPPED, *bus, *options, cwd=folder, **environment)

    async def audit(self) -> Audit:
        async with StackClient(self.port_base) as client:
            return await audit_stack(client)

    async def books(self) -> Mapping[str, Books]:
        async with StackClient(self.port_base) as client:
            return await stack_books(client)

    def log_of(self, principal: str) -> str:
        """The log of a party so far."""
        return "".join(path.read_text() for path in sorted((self.data / "logs").glob(f"{principal}*.log")))

    def warnings_of(self, principal: str) -> str:
        """The lines of a party's log above `info`."""
        return "\n".join(line for line in self.log_of(principal).splitlines() if '"level": "info"' not in line)

    async def replica_pids(self, principal: str) -> list[int]:
        """Process ids of a party's replicas, in the order of their ports."""
        views = await self.get(topics.CONSOLE, "/processes")
        return [int(v["pid"]) for v in sorted(views, key=lambda v: v["port"]) if v["principal"] == principal]

    async def duplicates(self, principal: str) -> int:
        """Repeated events that this party has absorbed."""
        text = (await self._http.get(f"{self.url(principal)}/metrics")).text
        found = re.search(r"^sansha_events_duplicate_total (\S+)$", text, re.MULTILINE)
        assert found is not None, text
        return int(float(found.group(1)))

    async def sent_twice(self, principal: str) -> int:
        """Events of this party that are on its topics more than once, read or not."""
        times = await self._times_sent(topic for topic in topics.TOPICS if topic.owner == principal)
        return sum(n > 1 for n in times.values())

    async def repeated_to(self, principal: str) -> int:
        """Records beyond the first of each event on the topics that this party reads: what their senders repeated."""
        times = await self._times_sent(topics.readable_by(principal))
        return sum(times.values()) - len(times)

    async def _times_sent(self, wanted: Iterable[Topic]) -> Counter[str]:
        """Event id → how many records of these topics carry it."""
        bus = KafkaBus(self._kafka)
        try:
            messages = [m for topic in wanted for m in await bus.read(topic.name, max_records=100_000)]
        finally:
            await bus.close()
        return Counter(envelope(m.headers).id for m in messages)

    async def caught_up(self) -> None:
        """Wait until every party has handled every event on its topics and sent everything that is due."""
        deadline = monotonic() + CATCHING_UP_SECONDS
        while left := await self._left_to_do():
            assert monotonic() < deadline, f"not caught up within {CATCHING_UP_SECONDS} s: {'; '.join(left)}"
            await pause(0.1)

    async def _left_to_do(self) -> list[str]:
        left: list[str] = []
        for principal in PARTIES:
            if await self.status_of(principal, "/health/ready") != HTTPStatus.OK:
                left.append(f"{principal} is not ready")
                continue
            try:
                status = ServiceStatus.model_validate(await self.get(principal, "/ops/status"))
            except httpx.TransportError:  # it has died since
                left.append(f"{principal} does not answer")
                continue
            behind = {topic: lag for topic, lag in status.lag.items() if lag}
            if status.outbox_due or behind:
                left.append(f"{principal} has {status.outbox_due} rows to send, {behind} to handle")
        return left

    @asynccontextmanager
    async def batch_held(self, principal: str) -> AsyncIterator[None]:
        """Holds the party in the middle of a batch while the block runs."""
        takes_receipts = principal in (topics.WARD, topics.PAYMENT_PROVIDER)
        table = "receipts" if takes_receipts else "authorizations"  # only batches write there
        connection = await asyncpg.connect(self.databases[principal])
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
                waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"

                async def somebody_waits() -> bool:
                    return bool(await connection.fetchval(waiting))

                await eventually(somebody_waits, f"{principal} in mid-batch")
                yield
        finally:
            await connection.close(timeout=PATIENCE_SECONDS)


class Trial:
    """Payers pay while something fails; afterwards all is caught up, settled and right to the yen."""

    def __init__(self, stack: RealStack) -> None:
        self.stack = stack
        self.crowd = Crowd(stack)
        self.seconds = 0.0
        """Seconds from the end of the fault until nothing was left to do."""

    @asynccontextmanager
    async def under_load(self, parts: int = 1) -> AsyncIterator[Load]:
        """The fault happens inside the block. The payers begin at once, or part by part (`Load.next_part`)."""
        wanted = await orders(self.stack, PAYMENTS)
        async with asyncio.TaskGroup() as tasks:
            load = Load(self.crowd, [wanted[n::parts] for n in range(parts)], tasks)
            load.next_part()
            yield load
            over = monotonic()
            await load.all_paid()
            await self.stack.caught_up()
            self.seconds = monotonic() - over
        await all_settled(self.stack, self.crowd, wanted)


NewTrial = Callable[..., Awaitable[Trial]]
"""Options of `sansha up` and settings for the environment → a trial on a running stack."""


@dataclass
class Load:
    """Payers at work."""

    crowd: Crowd
    waiting: list[list[Order]]
    tasks: asyncio.TaskGroup
    paying: list[asyncio.Task[None]] = field(default_factory=list)

    def next_part(self) -> None:
        """The next part of the payers begins."""
        self.paying.append(self.tasks.create_task(self.crowd.pay(self.waiting.pop(0))))

    async def all_paid(self) -> None:
        while self.waiting:
            self.next_part()
        await asyncio.gather(*self.paying)
