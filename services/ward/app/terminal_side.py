"""What the ward does for its terminal (端末): the line, files received, steps recorded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from contracts.http.ward.terminal import (
    CompletionRequest,
    LineView,
    PageAnswer,
    PageRequest,
    ReceivedFileView,
    StepRequest,
    StepView,
    TransferAnswer,
    TransferRequest,
)
from contracts.vocabulary import Refusal, business_date
from services.chassis.commands import Command
from services.chassis.service import Service
from services.ward import store
from services.ward.domain.line import Line, Lines
from services.ward.handlers.receive_files import begin_transfers, complete_transfers, record_steps, register_pages
from services.ward.handlers.statements_expected import StatementWatch
from services.ward.settings import Settings
from services.ward.views import (
    line_view,
    received_file_view,
    step_view,
)


class TerminalSide(Service):
    """The part of 甲 that the terminal asks."""

    settings: Settings

    @cached_property
    def _lines(self) -> Lines:
        s = self.settings
        isdn = Line("isdn", s.isdn_bytes_per_second, s.isdn_opens, s.isdn_closes)
        lgwan = Line("lgwan", s.lgwan_bytes_per_second, s.lgwan_opens, s.lgwan_closes)
        return Lines(isdn, lgwan, s.lgwan_from)

    @cached_property
    def _begin_transfer(self) -> Command[TransferRequest, TransferAnswer]:
        handler = partial(begin_transfers, lines=self._lines)
        return Command("begin_transfer", handler, TransferAnswer, lambda r: (r.name,))

    @cached_property
    def _register_page(self) -> Command[PageRequest, PageAnswer]:
        handler = partial(register_pages, watch=StatementWatch(self.settings.statement_expected_days))
        return Command("register_page", handler, PageAnswer, lambda r: (r.name,))

    @cached_property
    def _complete_transfer(self) -> Command[CompletionRequest, TransferAnswer]:
        return Command("complete_transfer", complete_transfers, TransferAnswer, lambda r: (r.name,))

    @cached_property
    def _record_step(self) -> Command[StepRequest, StepView]:
        return Command("record_step", record_steps, StepView, lambda r: ())

    async def begin_transfer(self, request: TransferRequest, key: str | None = None) -> TransferAnswer | Refusal:
        """受信開始: the terminal begins to fetch a receipt file; the line says when it will be here."""
        return await self.execute(self._begin_transfer, request, key)

    async def register_page(self, request: PageRequest, key: str | None = None) -> PageAnswer | Refusal:
        """登録: some records of a file, each once."""
        return await self.execute(self._register_page, request, key)

    async def complete_transfer(self, request: CompletionRequest, key: str | None = None) -> TransferAnswer | Refusal:
        """登録完了: all of a file is registered."""
        return await self.execute(self._complete_transfer, request, key)

    async def record_step(self, request: StepRequest, key: str | None = None) -> StepView | Refusal:
        """作業記録: something was done at the terminal."""
        return await self.execute(self._record_step, request, key)

    async def received_files(self, limit: int) -> Sequence[ReceivedFileView]:
        """収納データファイル received, the latest first."""
        async with self.reading() as session:
            return [received_file_view(row) for row in await store.list_received_files(session, limit)]

    async def terminal_steps(self, limit: int) -> Sequence[StepView]:
        """作業記録 of the terminal, the latest first."""
        async with self.reading() as session:
            return [step_view(row) for row in await store.list_steps(session, limit)]

    def line(self) -> LineView:
        """回線: the line of today, and whether it is open."""
        now = self.clock.now()
        return line_view(self._lines.on(business_date(now)), is_open=self._lines.is_open(now))
