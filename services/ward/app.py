"""The ward put together: settings in, a service out. What the console may import."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from contracts import topics
from contracts.books import Books
from contracts.calendar import BANK_CALENDAR
from contracts.http import (
    Assessment,
    AssessmentsAnswer,
    AssessmentsRequest,
    Explanation,
    OpenItem,
    SlipRequest,
    SlipView,
)
from contracts.http_terminal import (
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
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
from services.chassis.faults import Faults
from services.chassis.service import Service
from services.ward import books as looking
from services.ward import explanation, store
from services.ward.behaviour import generate_assessments
from services.ward.books import books
from services.ward.domain.assessment_csv import parse_assessments
from services.ward.domain.instalments import SlipTerms
from services.ward.domain.ledger import balances
from services.ward.domain.line import Line, Lines
from services.ward.explanation import explain
from services.ward.handlers.issue_assessments import issue_assessments
from services.ward.handlers.issue_slip import issue_slips
from services.ward.handlers.receive_files import begin_transfers, complete_transfers, record_steps, register_pages
from services.ward.migrations import HISTORY
from services.ward.settings import Settings
from services.ward.subscriptions import subscriptions
from services.ward.tables import metadata
from services.ward.terminal import CutOff, Desk, Fetched, NotAdmitted, Terminal, TerminalKeys
from services.ward.views import (
    BalanceView,
    DepositView,
    ReceiptView,
    balance_view,
    deposit_view,
    line_view,
    receipt_view,
    received_file_view,
    step_view,
    stored_slip_view,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

__all__ = [
    "ASSESSMENTS_PER_REQUEST",
    "CutOff",
    "Desk",
    "Fetched",
    "NotAdmitted",
    "Settings",
    "Terminal",
    "TerminalKeys",
    "Ward",
    "books",
    "create_app",
    "generate_assessments",
]

ASSESSMENTS_PER_REQUEST = 10_000


class Ward(Service):
    """甲: one method per use case. A refusal is returned, not raised."""

    title = "sansha ward (甲 介護保険課)"
    tables = metadata
    history = HISTORY
    settings: Settings

    @cached_property
    def _terms(self) -> SlipTerms:
        s = self.settings
        return SlipTerms(
            issuer_code=s.issuer_code,
            agency_code=s.agency_code,
            charge_type=s.charge_type,
            collection_kind=s.collection_kind,
            use_by_months=s.use_by_months,
            instalment_unit=s.instalment_unit,
            special_instalments_from=s.special_instalments_from,
        )

    @cached_property
    def _assess(self) -> Command[AssessmentsRequest, AssessmentsAnswer]:
        handler = partial(issue_assessments, terms=self._terms)
        return Command("assess", handler, AssessmentsAnswer, _people)

    @cached_property
    def _issue_slip(self) -> Command[SlipRequest, SlipView]:
        return Command("issue_slip", partial(issue_slips, terms=self._terms), SlipView, lambda r: (r.insured_number,))

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
        return Command("register_page", register_pages, PageAnswer, lambda r: (r.name,))

    @cached_property
    def _complete_transfer(self) -> Command[CompletionRequest, TransferAnswer]:
        return Command("complete_transfer", complete_transfers, TransferAnswer, lambda r: (r.name,))

    @cached_property
    def _record_step(self) -> Command[StepRequest, StepView]:
        return Command("record_step", record_steps, StepView, lambda r: ())

    def subscriptions(self) -> Sequence[On]:
        return subscriptions(self.settings.receipts_arrive_by)

    def routes(self) -> Sequence[APIRouter]:
        from services.ward.routes import router

        return [router(self)]

    async def assess(self, request: AssessmentsRequest, key: str | None = None) -> AssessmentsAnswer | Refusal:
        """賦課: what was issued before with the same amount is not issued again."""
        return await self.execute(self._assess, request, key)

    async def assess_csv(self, content: bytes, key: str | None = None) -> AssessmentsAnswer | Refusal:
        """賦課 from a CSV file: all of its lines or none."""
        lines = parse_assessments(content, ASSESSMENTS_PER_REQUEST)
        if isinstance(lines, Refusal):
            return lines
        rows = tuple(Assessment(**line._asdict()) for line in lines)
        return await self.assess(AssessmentsRequest(assessments=rows), key)

    async def issue_slip(self, request: SlipRequest, key: str | None = None) -> SlipView | Refusal:
        """随時: one slip outside the instalment calendar."""
        return await self.execute(self._issue_slip, request, key)

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

    async def slips(
        self,
        insured_number: str | None = None,
        *,
        open_only: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> Sequence[SlipView]:
        """Slips in order of number, those behind `after`; `open_only` leaves out what is paid."""
        async with self.reading() as session:
            rows = await looking.list_slips(session, insured_number, open_only, after, limit)
        return [stored_slip_view(row) for row in rows]

    async def slip(self, slip_number: str) -> SlipView | Refusal:
        """One slip."""
        async with self.reading() as session:
            rows = await looking.find_slips(session, [slip_number])
        unknown = Refusal("slip_unknown", f"no slip {slip_number} was issued", "list the slips: GET /slips")
        return stored_slip_view(rows[0]) if rows else unknown

    async def receipt(self, payment_id: str) -> ReceiptView | Refusal:
        """What is registered of a payment."""
        async with self.reading() as session:
            rows = await looking.receipt_rows(session, [payment_id])
        unknown = Refusal(
            "payment_unknown",
            f"no receipt of payment {payment_id} is registered",
            "ask the payment provider: it may not have been paid yet",
        )
        return receipt_view(rows) if rows else unknown

    async def explain(self, payment_ids: Sequence[str]) -> dict[str, Explanation]:
        """This party's part of each story; a payment it has heard nothing of is missing."""
        records: defaultdict[str, list[Any]] = defaultdict(list)
        async with self.reading() as session:
            for row in await looking.receipt_rows(session, payment_ids):
                records[row.payment_id].append(row)
            listed = await looking.statements_listing(session, payment_ids)
        by = self.settings.deposit_expected_by
        known = [i for i in payment_ids if i in records or i in listed]
        return {i: explain(i, records.get(i, ()), listed.get(i, ()), by) for i in known}

    async def open_items(self, limit: int | None = None) -> Sequence[OpenItem]:
        """What is not settled yet, and why: at most `limit` of each kind."""
        today, s = business_date(self.clock.now()), self.settings
        days = s.confirmation_expected_business_days
        announced, confirmed_by = s.channels_with_preliminary, BANK_CALENDAR.overdue_since(today, days)
        async with self.reading() as session:
            return [
                *map(explanation.receipt_item, await looking.receipts_not_deposited(session, limit)),
                *(explanation.statement_item(s, why, today) for s, why in await looking.open_statements(session)),
                *map(explanation.deposit_item, await looking.deposits_without_statement(session)),
                *map(explanation.overpayment_item, await looking.overpaid_slips(session, limit)),
                *map(explanation.unknown_item, await looking.unknown_receipts(session, limit)),
                *map(
                    explanation.unannounced_item,
                    await looking.confirmed_without_preliminary(session, announced, limit),
                ),
                *(
                    explanation.unconfirmed_item(row, days)
                    for row in await looking.unconfirmed_receipts(session, confirmed_by, limit)
                ),
                *map(explanation.discrepancy_item, await looking.all_discrepancies(session, limit)),
            ]

    async def balances(self) -> Sequence[BalanceView]:
        """試算表: every account's balance; they add up to zero."""
        async with self.reading() as session:
            totals = await looking.totals(session)
        return [balance_view(account, balance) for account, balance in balances(totals).items()]

    async def deposits(self) -> Sequence[DepositView]:
        """入金 seen on the account, in the order of their dates."""
        async with self.reading() as session:
            return [deposit_view(row) for row in await looking.deposits_seen(session)]

    async def books(self) -> Books:
        """What the books say."""
        async with self.reading() as session:
            return await books(session)


def _people(request: AssessmentsRequest) -> tuple[str, ...]:
    """An annual assessment is of one person for one year."""
    return tuple({f"{a.insured_number}/{a.levy_year}" for a in request.assessments})


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> Ward:
    """The composition root."""
    return Ward(topics.WARD, settings, bus, clock, injected)
