"""督促 in the sandbox: reminders of the ward's debts, with all other parties running."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from contracts.http.card_agent.payments import WithdrawalRequest
from contracts.http.ward.slips import SlipRequest
from contracts.vocabulary import Agent, Method, on_the_clock
from services.console.books.audit import audit
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

APPROVED = "4000000000000002"


def at(month: int, day: int, hour: int = 12) -> datetime:
    return on_the_clock(date(2021, month, day), time(hour))


async def test_a_sale_revoked_after_the_reminders_went_out_brings_a_reminder_of_its_own() -> None:
    sandbox = Sandbox(at(7, 1), seed=7, overrides={"card_agent.uc": {"closing_days": "eom"}})
    await sandbox.start()
    try:
        asked = [SlipRequest(insured_number=f"000000000{n}", amount=8_500, due_on=date(2021, 8, 2)) for n in (1, 2, 3)]
        paid, revoked, forgotten = [expect(await sandbox.ward.commands.issue_slip(request)) for request in asked]
        payers = payers_of(sandbox)
        await sandbox.advance(at(8, 2))
        await payers.pay(PlannedPayment(at(8, 2), paid, Method.INTERNET_BANKING))
        sale = expect(await payers.pay(PlannedPayment(at(8, 2), revoked, Method.CARD, APPROVED)))

        await sandbox.advance(at(8, 23))
        assert [r.slip_number for r in await sandbox.ward.queries.reminders()] == [forgotten.slip_number]
        expect(await sandbox.agents[Agent.UC].commands.withdraw(WithdrawalRequest(payment_id=sale.payment_id)))
        late = expect(await payers.pay(PlannedPayment(at(8, 23), forgotten, Method.INTERNET_BANKING)))
        await sandbox.advance(at(8, 23) + timedelta(days=20))

        sent = await sandbox.ward.queries.reminders()
        assert [r.slip_number for r in sent] == [forgotten.slip_number, revoked.slip_number]
        story = (await sandbox.ward.queries.explain([late.payment_id]))[late.payment_id]
        assert story.steps[0].event == "督促 reminder sent"
        assert (await sandbox.ward.queries.crossings()).crossed == 0
        assert audit(await sandbox.books()).conserved
    finally:
        await sandbox.close()
