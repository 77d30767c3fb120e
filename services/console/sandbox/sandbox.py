"""The sandbox: all parties in one process under a stepped clock. Same seed, same story, to the last id.

No server, no threads, no waiting: `settle` steps the parties until none has work left, `advance` goes from due time to
due time. With a folder, databases and bus are files that outlive the sandbox; without, everything is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts import topics
from contracts.books import Books
from contracts.parties import PARTIES
from contracts.vocabulary import Agent
from services.card_agent.app import CardAgent
from services.card_agent.app import Settings as CardAgentSettings
from services.card_agent.app import create_app as create_card_agent
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import EventBus
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import Clock
from services.chassis.clock_topic import ClockAnnouncer
from services.chassis.faults import Faults
from services.chassis.identity import SeededIdentity
from services.chassis.service import Service
from services.console.folder import StackFile, database_url
from services.payment_provider.app import PaymentProvider
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.payment_provider.app import create_app as create_payment_provider
from services.ward.app import Settings as WardSettings
from services.ward.app import Ward
from services.ward.app import create_app as create_ward

ROUNDS_WITHOUT_REST = 100_000
TERMINAL_PASSWORD = "sandbox"


class NotQuiescent(Exception):
    """The clock cannot advance: some party never runs out of work."""


class Sandbox:
    """The three parties (JCB and UC are a card agent each), stepped through time."""

    ward: Ward
    provider: PaymentProvider

    def __init__(
        self,
        start: datetime,
        seed: int,
        folder: Path | None = None,
        overrides: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        """`overrides` are settings by principal, e.g. `{"card_agent.uc": {"closing_days": "eom"}}`."""
        self.clock, self.seed, self.folder = Clock.stepped(start), seed, folder
        self._overrides = overrides or {}
        self.agents: dict[Agent, CardAgent] = {}
        self._running: dict[str, Service] = {}
        self.bus: EventBus = MemoryBus() if folder is None else SqliteLog(folder / "bus", durable=False)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def services(self) -> Iterator[Service]:
        """The running parties, always in the same order."""
        return (self._running[p] for p in topics.PRINCIPALS if p in self._running)

    async def start(self) -> None:
        """Start every party."""
        for principal in PARTIES:
            await self.restart(principal)

    async def restart(self, principal: str, injected: Faults | None = None) -> Service:
        """Start a party. If it runs, it is dropped as if it had crashed, and started again.

        In a sandbox with a folder its data survive; in memory they are lost.
        """
        for running in self.services:
            if running.principal == principal:
                await running.abandon()
        service = self._create(principal, injected)
        await service.start()
        self._running[principal] = service
        match service:
            case PaymentProvider():
                self.provider = service
            case CardAgent():
                self.agents[service.settings.agent] = service
            case Ward():
                self.ward = service
        return service

    def _create(self, principal: str, injected: Faults | None) -> Service:
        common: dict[str, Any] = {
            "seed": self.seed,
            "database_url": database_url(self.folder, principal),
            "database_durable": False,
            "timed": False,
            **self._overrides.get(principal, {}),
        }
        if principal == topics.WARD:
            return create_ward(WardSettings(**common), self.bus, self.clock, injected)
        if principal == topics.PAYMENT_PROVIDER:
            settings = PaymentProviderSettings(**{"terminal_password": TERMINAL_PASSWORD, **common})
            return create_payment_provider(settings, self.bus, self.clock, injected)
        agent = Agent(principal.rpartition(".")[2])
        return create_card_agent(CardAgentSettings(agent=agent, **common), self.bus, self.clock, injected)

    async def settle(self) -> None:
        """Step the parties until none has work left at this instant. Raises `NotQuiescent` if that never happens."""
        busy: list[str] = []
        for _ in range(ROUNDS_WITHOUT_REST):
            busy = [service.principal for service in self.services if await service.step()]
            if not busy:
                return
        raise NotQuiescent(f"at {self.clock.now()} there is always more to do for {', '.join(busy)}")

    def next_due(self) -> datetime | None:
        """When the next timer of any party is due; None without timers."""
        return min((due for service in self.services if (due := service.relay.next_due) is not None), default=None)

    async def advance(self, to: datetime) -> None:
        """Advance simulated time to `to`, stopping at every due time on the way."""
        while True:
            await self.settle()
            due = self.next_due()
            if due is None or due > to:
                break
            self.clock.step_to(max(due, self.clock.now()))
        self.clock.step_to(max(to, self.clock.now()))

    async def books(self) -> dict[str, Books]:
        """Every party's books, by principal."""
        return {service.principal: await service.books() for service in self.services}

    async def close(self) -> None:
        """Stop every party and the bus. The folder keeps seed and time: `sansha up` can go on from it."""
        if self.folder is not None:
            StackFile(self.seed, "").with_all(self.folder)
            announcer = ClockAnnouncer(self.bus, self.clock, SeededIdentity(self.seed))
            await announcer.resume()
            await announcer.announce(self.clock.reading)
        for service in self.services:
            await service.close()
        await self.bus.close()
