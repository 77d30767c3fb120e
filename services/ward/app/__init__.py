"""The ward put together: settings in, a service out. What the console may import."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from contracts import topics
from contracts.books import Books
from contracts.http.ward.terminal import (
    CompletionRequest,
    PageAnswer,
    PageRequest,
    ReceivedFileView,
    StepRequest,
    StepView,
    TransferAnswer,
    TransferRequest,
)
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
from services.chassis.erasure.composing import erasing_of
from services.chassis.erasure.planning import MONTHS
from services.chassis.faults import Faults
from services.chassis.service import Service
from services.ward.behaviour import generate_assessments, generate_levies
from services.ward.books import books
from services.ward.commands import ASSESSMENTS_PER_REQUEST, Commands
from services.ward.desk import Desk
from services.ward.domain.ledger import JAPANESE as ACCOUNT_NAMES
from services.ward.duties import WardDuties
from services.ward.migrations import HISTORY
from services.ward.queries import Queries
from services.ward.settings import Settings
from services.ward.store.erasure import DATA
from services.ward.subscriptions import subscriptions
from services.ward.tables import metadata

__all__ = [
    "ACCOUNT_NAMES",
    "ASSESSMENTS_PER_REQUEST",
    "Settings",
    "Ward",
    "books",
    "create_app",
    "generate_assessments",
    "generate_levies",
]


class _Desk(NamedTuple):
    begin_transfer: Command[TransferRequest, TransferAnswer]
    register_page: Command[PageRequest, PageAnswer]
    complete_transfer: Command[CompletionRequest, TransferAnswer]
    record_step: Command[StepRequest, StepView]
    received_files: Callable[[int], Coroutine[Any, Any, Sequence[ReceivedFileView]]]


class Ward(Service):
    """甲. A refusal is returned, not raised."""

    title = "sansha ward (甲 介護保険課)"
    tables = metadata
    history = HISTORY

    def __init__(self, settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> None:
        super().__init__(topics.WARD, settings, bus, clock, injected)
        self.settings: Settings = settings
        self.commands = Commands(settings, self.executor)
        self.duties = WardDuties(self.correspondence, self.executor, settings.duty_days, settings.seed or 0)
        self.erasing = erasing_of(self, settings, DATA, settings.ledger_years * MONTHS)
        self.queries = Queries(settings, self.database, clock)

    def subscriptions(self) -> Sequence[On]:
        return (*subscriptions(self.settings), *self.duties.subscriptions(), *self.erasing.subscriptions)

    @property
    def desk(self) -> Desk:
        """What the terminal (端末) asks, without HTTP between."""
        c = self.commands
        return _Desk(c.begin_transfer, c.register_page, c.complete_transfer, c.record_step, self.queries.received_files)

    async def books(self) -> Books:
        async with self.reading() as session:
            return await books(session)


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> Ward:
    """The composition root."""
    return Ward(settings, bus, clock, injected)
