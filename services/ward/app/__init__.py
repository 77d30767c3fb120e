"""The ward put together: settings in, a service out. What the console may import."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import cached_property, partial

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.books import Books
from contracts.calendar import BANK_CALENDAR
from contracts.http.ward.ledger import BalanceView, DeemingView
from contracts.http.ward.receipts import ReceiptView
from contracts.http.ward.settlement import OpenItem, ReceivedDepositView, ResolutionRequest, ResolutionView
from contracts.http.ward.slips import (
    Assessment,
    AssessmentsAnswer,
    AssessmentsRequest,
    ReissueRequest,
    SlipRequest,
    SlipView,
)
from contracts.vocabulary import ChargeType, Refusal, business_date
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
from services.chassis.faults import Faults
from services.ward import explanation, paper, store
from services.ward.app.debtor_side import DebtorSide
from services.ward.app.story_side import StorySide
from services.ward.app.terminal_side import TerminalSide
from services.ward.behaviour import generate_assessments, generate_levies
from services.ward.books import books
from services.ward.domain.assessment_csv import parse_assessments
from services.ward.domain.charge_terms import ChargeTerms, SlipTerms
from services.ward.domain.ledger import JAPANESE as ACCOUNT_NAMES
from services.ward.domain.ledger import balances
from services.ward.handlers.issue_assessments import issue_assessments
from services.ward.handlers.issue_slip import issue_slips
from services.ward.handlers.reissue_slip import reissue_slips
from services.ward.handlers.resolve_difference import resolve_differences
from services.ward.migrations import HISTORY
from services.ward.paper.wording import Letterhead, slip_text
from services.ward.queries import ledger, open_items, payments, slips, statements
from services.ward.settings import Settings
from services.ward.subscriptions import subscriptions
from services.ward.tables import metadata
from services.ward.terminal import CutOff, Desk, Fetched, NotAdmitted, Terminal, TerminalKeys
from services.ward.views import (
    balance_view,
    deeming_view,
    deposit_view,
    receipt_view,
    resolution_view,
    slip_unknown,
    stored_slip_view,
)

__all__ = [
    "ACCOUNT_NAMES",
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
    "generate_levies",
]

ASSESSMENTS_PER_REQUEST = 10_000
PAYMENTS_NAMED = 200
"""So many payments that do not agree are named among what is open; the figures count all of them."""


class Ward(DebtorSide, StorySide, TerminalSide):
    """甲: one method per use case. A refusal is returned, not raised."""

    title = "sansha ward (甲 介護保険課)"
    tables = metadata
    history = HISTORY
    settings: Settings

    @cached_property
    def _terms(self) -> SlipTerms:
        return slip_terms(self.settings)

    @cached_property
    def _assess(self) -> Command[AssessmentsRequest, AssessmentsAnswer]:
        handler = partial(issue_assessments, terms=self._terms, reminders=self.settings.reminder_rule)
        return Command("assess", handler, AssessmentsAnswer, _people)

    @cached_property
    def _issue_slip(self) -> Command[SlipRequest, SlipView]:
        handler = partial(issue_slips, terms=self._terms, reminders=self.settings.reminder_rule)
        return Command("issue_slip", handler, SlipView, lambda r: (r.insured_number,))

    @cached_property
    def _resolve(self) -> Command[ResolutionRequest, ResolutionView]:
        # one after the other: what one decides about the next must see
        handler = partial(resolve_differences, expected_by=self.settings.deposit_expected_by)
        return Command("resolve", handler, ResolutionView, lambda _: ("resolutions",))

    @cached_property
    def _reissue_slip(self) -> Command[ReissueRequest, SlipView]:
        handler = partial(reissue_slips, terms=self._terms)
        return Command("reissue_slip", handler, SlipView, lambda r: (r.slip_number,))

    def subscriptions(self) -> Sequence[On]:
        return subscriptions(self.settings)

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

    async def reissue_slip(self, request: ReissueRequest, key: str | None = None) -> SlipView | Refusal:
        """再発行: the same slip on new paper."""
        return await self.execute(self._reissue_slip, request, key)

    async def slips(
        self,
        insured_number: str | None = None,
        *,
        charge_type: ChargeType | None = None,
        open_only: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> Sequence[SlipView]:
        """Slips in order of number, those behind `after`; `open_only` leaves out what is paid."""
        async with self.reading() as session:
            rows = await slips.page(session, slips.Wanted(insured_number, charge_type, open_only), after, limit)
        return [stored_slip_view(row) for row in rows]

    async def slip(self, slip_number: str) -> SlipView | Refusal:
        """One slip."""
        async with self.reading() as session:
            rows = await slips.find(session, [slip_number])
        return stored_slip_view(rows[0]) if rows else slip_unknown(slip_number)

    async def print_slips(self, slip_numbers: Sequence[str]) -> bytes | Refusal:
        """The slips on paper, as a PDF: three a page, in the order given."""
        if not paper.can_print():
            return paper.CANNOT_PRINT
        async with self.reading() as session:
            rows = {row.slip_number: row for row in await slips.find(session, slip_numbers)}
        unknown = next((number for number in slip_numbers if number not in rows), None)
        if unknown is not None:
            return slip_unknown(unknown)
        printed = [slip_text(rows[number], self._letterhead(rows[number].charge_type)) for number in slip_numbers]
        return await asyncio.to_thread(paper.print_slips, printed)

    def _letterhead(self, charge_type: ChargeType) -> Letterhead:
        s = self.settings
        return Letterhead(s.municipality, s.payee, s.offices[charge_type], len(s.instalment_months[charge_type]))

    async def receipt(self, payment_id: str) -> ReceiptView | Refusal:
        """What is registered of a payment."""
        async with self.reading() as session:
            rows = await payments.records(session, [payment_id])
        unknown = Refusal(
            "payment_unknown",
            f"no receipt of payment {payment_id} is registered",
            "ask the payment provider: it may not have been paid yet",
        )
        return receipt_view(rows) if rows else unknown

    async def open_items(self, limit: int | None = None) -> Sequence[OpenItem]:
        """What is not settled yet, and why: at most `limit` of each kind."""
        today, s = business_date(self.clock.now()), self.settings
        days = s.confirmation_expected_business_days
        announced, confirmed_by = s.channels_with_preliminary, BANK_CALENDAR.overdue_since(today, days)
        async with self.reading() as session:
            return [
                *await self._receipts_open(session, limit),
                *await self._statements_open(session, today),
                *map(explanation.lapse_item, await open_items.open_lapses(session, limit)),
                *map(explanation.deposit_item, await open_items.deposits_without_statement(session)),
                *map(explanation.overpayment_item, await open_items.overpaid_slips(session, limit)),
                *map(explanation.refund_item, await store.find_refunds_payable(session, limit)),
                *map(explanation.repayment_item, await store.find_repayment_claims(session, limit)),
                *map(explanation.unknown_item, await open_items.unknown_receipts(session, limit)),
                *map(
                    explanation.unannounced_item,
                    await open_items.confirmed_without_preliminary(session, announced, limit),
                ),
                *(
                    explanation.unconfirmed_item(row, days)
                    for row in await open_items.unconfirmed_receipts(session, confirmed_by, limit)
                ),
                *map(explanation.discrepancy_item, await open_items.open_discrepancies(session, limit)),
            ]

    async def _receipts_open(self, session: AsyncConnection, limit: int | None) -> Sequence[OpenItem]:
        left_out = {row.payment_id: row.left_out_of for row in await store.left_out_receipts(session, limit)}
        rows = await open_items.receipts_not_deposited(session, limit)
        return [explanation.receipt_item(row, left_out.get(row.payment_id)) for row in rows]

    async def _statements_open(self, session: AsyncConnection, today: date) -> Sequence[OpenItem]:
        found = await statements.unreconciled(session)
        ids = [s.statement_id for s, _ in found]
        named = await store.payments_concerned(session, ids, PAYMENTS_NAMED) if ids else {}
        return [explanation.statement_item(s, why, named.get(s.statement_id, ()), today) for s, why in found]

    async def resolve(self, request: ResolutionRequest, key: str | None = None) -> ResolutionView | Refusal:
        """差異の処理: decide about a settlement that does not agree."""
        return await self.execute(self._resolve, request, key)

    async def resolutions(self, statement_id: str | None = None, limit: int | None = None) -> Sequence[ResolutionView]:
        """What was decided, the first first; about one statement where it is named."""
        async with self.reading() as session:
            rows = await statements.decisions(session, statement_id, limit)
        return [resolution_view(row._asdict()) for row in rows]

    async def deeming(self, slip_number: str, on: date | None = None) -> DeemingView | Refusal:
        """代理納付の効力: does a slip count as paid at the end of a day (of today unless one is named)?"""
        day = business_date(self.clock.now()) if on is None else on
        async with self.reading() as session:
            found = await slips.find(session, [slip_number])
            made = (await store.payments_of_slips(session, [slip_number])).get(slip_number, [])
        if not found:
            return slip_unknown(slip_number)
        return deeming_view(slip_number, found[0].amount, made, day, self.settings.old_scheme_until)

    async def balances(self) -> Sequence[BalanceView]:
        """試算表: every account's balance; they add up to zero."""
        async with self.reading() as session:
            totals = await ledger.totals(session)
        return [balance_view(account, balance) for account, balance in balances(totals).items()]

    async def deposits(self) -> Sequence[ReceivedDepositView]:
        """入金 seen on the account, in the order of their dates."""
        async with self.reading() as session:
            return [deposit_view(row) for row in await statements.deposits_seen(session)]

    async def books(self) -> Books:
        """What the books say."""
        async with self.reading() as session:
            return await books(session)


def _people(request: AssessmentsRequest) -> tuple[str, ...]:
    """An annual assessment is of one person for one year and charge type."""
    return tuple({f"{a.insured_number}/{a.levy_year}/{a.charge_type}" for a in request.assessments})


def slip_terms(settings: Settings) -> SlipTerms:
    """What slips say, of each charge type (科目)."""
    s = settings
    return SlipTerms(
        agency_code=s.agency_code,
        collection_kind=s.collection_kind,
        slip_number_order=s.slip_number_order,
        use_by_months=s.use_by_months,
        reissue_use_by_months=s.reissue_use_by_months,
        special_instalments_from=s.special_instalments_from,
        charges={
            charge_type: ChargeTerms(
                charge_type=charge_type,
                issuer_code=s.issuer_codes[charge_type],
                digit=s.charge_digits[charge_type],
                months=s.instalment_months[charge_type],
                instalment_unit=s.instalment_units[charge_type],
                arrears_rule=s.arrears_rules[charge_type],
            )
            for charge_type in ChargeType
        },
    )


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> Ward:
    """The composition root."""
    return Ward(topics.WARD, settings, bus, clock, injected)
