"""What the ward does about those who have not paid, and those who have paid too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property, partial

from contracts.http.ward.overpayments import ApplyOverpayment, OverpaymentView, RefundOverpayment
from contracts.http.ward.reminders import ArrearsView, CrossingsView, ReminderView, VisibilityView
from contracts.vocabulary import Refusal, business_date
from services.chassis.commands import Command
from services.chassis.service import Service
from services.ward import store
from services.ward.domain.arrears import arrears, counted
from services.ward.handlers.settle_overpayments import apply_by_hand, refund_by_hand
from services.ward.queries import slips
from services.ward.settings import Settings
from services.ward.views import (
    arrears_view,
    crossings_view,
    overpayment_view,
    reminder_view,
    slip_unknown,
    visibility_view,
)


class DebtorSide(Service):
    """The part of 甲 that reminds (督促), reckons arrears (延滞金), and settles overpayments (充当・還付)."""

    settings: Settings

    @cached_property
    def _apply_overpayment(self) -> Command[ApplyOverpayment, OverpaymentView]:
        handler = partial(apply_by_hand, terms=self.settings.overpayment_terms, reminders=self.settings.reminder_rule)
        return Command("apply_overpayment", handler, OverpaymentView, lambda r: (r.slip_number,))

    @cached_property
    def _refund_overpayment(self) -> Command[RefundOverpayment, OverpaymentView]:
        handler = partial(refund_by_hand, terms=self.settings.overpayment_terms, reminders=self.settings.reminder_rule)
        return Command("refund_overpayment", handler, OverpaymentView, lambda r: (r.slip_number,))

    async def arrears(self, slip_number: str, until: date | None = None) -> ArrearsView | Refusal:
        """延滞金 of a slip that have arisen by the end of a day (today), as the law of proxy payment has it then."""
        day = until or business_date(self.clock.now())
        async with self.reading() as session:
            rows = await slips.find(session, [slip_number])
            made = (await store.payments_of_slips(session, [slip_number])).get(slip_number, [])
            applied = await store.applied_to(session, slip_number)
        if not rows:
            return slip_unknown(slip_number)
        row = rows[0]
        paid = [*counted((m.payment for m in made), day, self.settings.old_scheme_until), *applied]
        outstanding = max(0, row.amount - sum(p.amount for p in paid if p.on <= day))
        rule = self.settings.arrears_rule(row.charge_type)
        return arrears_view(row, day, outstanding, arrears(row.amount, row.due_on, day, rule, paid))

    async def reminders(
        self, slip_number: str | None = None, crossed: bool | None = None, limit: int | None = None
    ) -> Sequence[ReminderView]:
        """督促状 as sent: all, or those that crossed a payment (or did not)."""
        async with self.reading() as session:
            rows = await store.reminders_sent(session, slip_number, crossed, limit)
        return [reminder_view(row) for row in rows]

    async def crossings(self, limit: int | None = None) -> CrossingsView:
        """督促の行き違い, counted by channel and by delay; at most `limit` listed."""
        async with self.reading() as session:
            sent, rows = await store.count_reminders(session), await store.crossings(session)
        return crossings_view(sent, rows, limit)

    async def visibility(self) -> VisibilityView:
        """判明までの時間: how long payments were made and not known, by channel."""
        async with self.reading() as session:
            return visibility_view(await store.times_until_visible(session))

    async def overpayments(self, limit: int | None = None) -> Sequence[OverpaymentView]:
        """過誤納, decided on or not, in order of slip number."""
        async with self.reading() as session:
            numbers = await store.overpaid_slip_numbers(session, limit)
            people = {n: person for person in await store.find_people(session, numbers) for n in person.slips}
        return [overpayment_view(number, people[number]) for number in numbers]

    async def overpayment(self, slip_number: str) -> OverpaymentView | Refusal:
        """過誤納 of one slip."""
        async with self.reading() as session:
            people = await store.find_people(session, [slip_number])
        return overpayment_view(slip_number, people[0]) if people else slip_unknown(slip_number)

    async def apply_overpayment(self, request: ApplyOverpayment, key: str | None = None) -> OverpaymentView | Refusal:
        """充当: decided by hand."""
        return await self.execute(self._apply_overpayment, request, key)

    async def refund_overpayment(self, request: RefundOverpayment, key: str | None = None) -> OverpaymentView | Refusal:
        """還付: decided by hand."""
        return await self.execute(self._refund_overpayment, request, key)
