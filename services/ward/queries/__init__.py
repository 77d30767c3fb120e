"""What can be asked of the ward without changing anything: what HTTP shows and `sansha explain` says.

`Queries` is the table of contents; the modules beside it read the rows, a module per subject.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from contracts.explaining import end_of, explanation_on
from contracts.http.service import Explanation
from contracts.http.ward.ledger import BalanceView, DeemingView
from contracts.http.ward.overpayments import OverpaymentView
from contracts.http.ward.receipts import ReceiptView
from contracts.http.ward.reminders import ArrearsView, CrossingsView, ReminderView, VisibilityView
from contracts.http.ward.settlement import OpenItem, ReceivedDepositView, ResolutionView
from contracts.http.ward.slips import SlipView
from contracts.http.ward.terminal import LineView, ReceivedFileView, StepView
from contracts.vocabulary import ChargeType, Refusal, business_date
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.ward import paper
from services.ward.domain.arrears import arrears, counted
from services.ward.domain.ledger import balances
from services.ward.explanation import Rules
from services.ward.paper.wording import Letterhead, slip_text
from services.ward.queries import (
    explanations,
    ledger,
    open_items,
    overpayments,
    payments,
    reminders,
    slips,
    statements,
    terminal,
)
from services.ward.settings import Settings
from services.ward.store import proxy_payments
from services.ward.store.overpayments import find_people
from services.ward.store.rows import StoredSlip
from services.ward.views import (
    arrears_view,
    balance_view,
    crossings_view,
    deeming_view,
    deposit_view,
    line_view,
    overpayment_view,
    receipt_view,
    received_file_view,
    reminder_view,
    resolution_view,
    slip_unknown,
    slip_view,
    step_view,
    visibility_view,
)


class Queries:
    """Each method is one read-only transaction. Days are those of Japan; None for a `limit` is all there are."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings, self._read, self._clock = settings, database.read, clock

    @property
    def _today(self) -> date:
        return business_date(self._clock.now())

    async def slips(
        self,
        insured_number: str | None = None,
        *,
        charge_type: ChargeType | None = None,
        open_only: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> Sequence[SlipView]:
        """Slips in order of number, from the one behind `after`; `open_only` leaves out those that are paid."""
        async with self._read() as session:
            rows = await slips.page(session, slips.Wanted(insured_number, charge_type, open_only), after, limit)
        return [slip_view(row) for row in rows]

    async def slip(self, slip_number: str) -> SlipView | Refusal:
        async with self._read() as session:
            rows = await slips.find(session, [slip_number])
        return slip_view(rows[0]) if rows else slip_unknown(slip_number)

    async def print_slips(self, slip_numbers: Sequence[str]) -> bytes | Refusal:
        """The slips on paper, as a PDF: three a page, in the order given."""
        if not paper.can_print():
            return paper.CANNOT_PRINT
        async with self._read() as session:
            rows: dict[str, StoredSlip] = {row.slip_number: row for row in await slips.find(session, slip_numbers)}
        unknown = next((number for number in slip_numbers if number not in rows), None)
        if unknown is not None:
            return slip_unknown(unknown)
        printed = [slip_text(rows[number], self._letterhead(rows[number].charge_type)) for number in slip_numbers]
        return await asyncio.to_thread(paper.print_slips, printed)

    def _letterhead(self, charge_type: ChargeType) -> Letterhead:
        s = self._settings
        return Letterhead(s.municipality, s.payee, s.offices[charge_type], len(s.instalment_months[charge_type]))

    async def receipt(self, payment_id: str) -> ReceiptView | Refusal:
        """The records of a payment that are registered."""
        async with self._read() as session:
            rows = await payments.records(session, [payment_id])
        unknown = Refusal(
            "payment_unknown",
            f"no receipt of payment {payment_id} is registered",
            "ask the payment provider: it may not have been paid yet",
        )
        return receipt_view(rows) if rows else unknown

    async def open_items(self, limit: int | None = None) -> Sequence[OpenItem]:
        """What is not settled, and why: at most `limit` of each kind."""
        async with self._read() as session:
            return await open_items.read(session, self._today, self._settings, limit)

    async def resolutions(self, statement_id: str | None = None, limit: int | None = None) -> Sequence[ResolutionView]:
        """Decisions in order of time; with `statement_id` those on one statement."""
        async with self._read() as session:
            rows = await statements.decisions(session, statement_id, limit)
        return [resolution_view(row) for row in rows]

    async def deeming(self, slip_number: str, on: date | None = None) -> DeemingView | Refusal:
        """代理納付の効力: whether a slip counts as paid at the end of the day `on` (default today)."""
        day = self._today if on is None else on
        async with self._read() as session:
            found = await slips.find(session, [slip_number])
            made = (await proxy_payments.of_slips(session, [slip_number])).get(slip_number, [])
        if not found:
            return slip_unknown(slip_number)
        return deeming_view(slip_number, found[0].amount, made, day, self._settings.old_scheme_until)

    async def balances(self) -> Sequence[BalanceView]:
        """試算表: every account's balance; they add up to zero."""
        async with self._read() as session:
            totals = await ledger.totals(session)
        return [balance_view(account, balance) for account, balance in balances(totals).items()]

    async def deposits(self) -> Sequence[ReceivedDepositView]:
        """入金 received on the account, by date."""
        async with self._read() as session:
            return [deposit_view(row) for row in await statements.deposits_seen(session)]

    async def arrears(self, slip_number: str, until: date | None = None) -> ArrearsView | Refusal:
        """延滞金 of a slip accrued by the end of a day (default today), by the law on proxy payment then in force."""
        day = until or self._today
        async with self._read() as session:
            rows = await slips.find(session, [slip_number])
            made = (await proxy_payments.of_slips(session, [slip_number])).get(slip_number, [])
            applied = await overpayments.applied_to(session, slip_number)
        if not rows:
            return slip_unknown(slip_number)
        row = rows[0]
        paid = [*counted((m.payment for m in made), day, self._settings.old_scheme_until), *applied]
        outstanding = max(0, row.amount - sum(p.amount for p in paid if p.on <= day))
        rule = self._settings.arrears_rule(row.charge_type)
        return arrears_view(row, day, outstanding, arrears(row.amount, row.due_on, day, rule, paid))

    async def reminders(
        self, slip_number: str | None = None, crossed: bool | None = None, limit: int | None = None
    ) -> Sequence[ReminderView]:
        """督促状 as sent; `crossed` selects those that did, or did not, cross a payment."""
        async with self._read() as session:
            rows = await reminders.sent(session, slip_number, crossed, limit)
        return [reminder_view(row) for row in rows]

    async def crossings(self, limit: int | None = None) -> CrossingsView:
        """督促の行き違い, counted by channel and by delay; at most `limit` listed."""
        async with self._read() as session:
            sent, rows = await reminders.count(session), await reminders.crossings(session)
        return crossings_view(sent, rows, limit)

    async def visibility(self) -> VisibilityView:
        """収納確認までの時間 by channel: from payments to the registration of their first records."""
        async with self._read() as session:
            return visibility_view(await reminders.visible_payments(session))

    async def overpayments(self, limit: int | None = None) -> Sequence[OverpaymentView]:
        """過誤納, decided on or not, in order of slip number."""
        async with self._read() as session:
            numbers = await overpayments.slip_numbers(session, limit)
            people = {n: person for person in await find_people(session, numbers) for n in person.slips}
        return [overpayment_view(number, people[number]) for number in numbers]

    async def overpayment(self, slip_number: str) -> OverpaymentView | Refusal:
        """過誤納 of a slip."""
        async with self._read() as session:
            people = await find_people(session, [slip_number])
        return overpayment_view(slip_number, people[0]) if people else slip_unknown(slip_number)

    async def received_files(self, limit: int) -> Sequence[ReceivedFileView]:
        """収納データファイル received, the latest first."""
        async with self._read() as session:
            return [received_file_view(row) for row in await terminal.files(session, limit)]

    async def terminal_steps(self, limit: int) -> Sequence[StepView]:
        """作業記録 of the terminal, the latest first."""
        async with self._read() as session:
            return [step_view(row) for row in await terminal.steps(session, limit)]

    def line(self) -> LineView:
        """回線: today's line, and whether it is open."""
        now = self._clock.now()
        return line_view(self._settings.lines.on(business_date(now)), is_open=self._settings.lines.is_open(now))

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """The ward's part of each story, as known now or at the end of a day; an unknown payment is missing."""
        s, then = self._settings, end_of(on, self._clock.now())
        rules = Rules(s.deposit_expected_by, s.confirmation_expected_business_days, s.statement_expected_days)
        async with self._read() as session:
            return await explanations.read(session, payment_ids, then, rules, s.overpayment_terms)

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """For one payment. Refused for a day to come, and for one before the ward heard of the payment."""
        detail = f"the ward has heard nothing of payment {payment_id}"
        unknown = Refusal("payment_unknown", detail, "ask the payment provider: it may not have been paid yet")
        not_yet = f"the ward had heard nothing of payment {payment_id} yet"
        return await explanation_on(self.explain, payment_id, on, self._clock.now(), unknown, not_yet)
