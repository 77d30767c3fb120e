"""Stories in which parties revise, days later, what they reported: explanations of an earlier day must not show it."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import count

from contracts.events import ReceiptDelivered
from contracts.http.card_agent.payments import WithdrawalRequest
from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.payment_provider.payments import BankChoice
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import (
    Agent,
    Method,
    ReceiptAnomaly,
    ReceiptKind,
    SettlementAnomaly,
    Settler,
    Yen,
    business_date,
    on_the_clock,
)
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.scenarios import Scenario
from services.console.scenarios.world import VISA, World
from tests.scenarios.settlement_scene import published

SILENT, LATE = "4000000000000051", "4000000000000069"
DEPOSITED, CLOSED = date(2021, 7, 26), date(2021, 7, 12)
MONTHS_LATER = date(2021, 10, 31)


async def payers_think_again(world: World) -> None:
    """Slips are scanned, and paid or scanned again days later; answers come after midnight; a sale is revoked."""
    slips = [await world.slip() for _ in range(6)]
    await world.payers.scan(slips[0])
    opened = expect(await world.payers.scan(slips[5])).payment_id
    revoked = await world.pays(slips[1], Method.CARD)
    await world.sandbox.advance(on_the_clock(date(2021, 7, 5), time(23, 59, 59)))
    for slip, card in ((slips[2], SILENT), (slips[3], LATE)):
        await world.payers.pay(PlannedPayment(world.sandbox.clock.now(), slip, Method.CARD, card))
    await world.payers.pay(PlannedPayment(world.sandbox.clock.now(), slips[4], Method.INTERNET_BANKING))
    await world.until(date(2021, 7, 7), 12)
    await world.pays(slips[0], Method.INTERNET_BANKING)
    expect(await world.sandbox.provider.commands.choose_bank(BankChoice(payment_id=opened, bank_code="0001")))
    await world.until(date(2021, 7, 9), 12)
    expect(await world.sandbox.agents[Agent.UC].commands.withdraw(WithdrawalRequest(payment_id=revoked)))
    await world.until(CLOSED)


async def records_go_wrong_when_they_are_planned(world: World) -> None:
    """Anomalies are asked for by name, a day after the payment."""
    kinds = (ReceiptAnomaly.NEVER_CONFIRMED, ReceiptAnomaly.CONFIRMED_AMOUNT_DIFFERS, ReceiptAnomaly.NEVER_REPORTED)
    methods = (Method.INTERNET_BANKING, Method.CARD, Method.BANK_COUNTER)
    paid = [await world.pays(await world.slip(), method) for method in methods]
    await world.until(date(2021, 7, 6), 12)
    for payment_id, kind in zip(paid, kinds, strict=True):
        expect(
            await world.sandbox.provider.commands.inject_anomaly(
                ReceiptAnomalyRequest(kind=kind, payment_id=payment_id)
            )
        )
    await world.until(DEPOSITED)


async def money_is_brought_over_late(world: World) -> None:
    """A deposit goes to another account; two days later it is brought over, for another closing by mistake."""
    await world.settlement_goes_wrong(SettlementAnomaly.WRONG_ACCOUNT)
    await world.pays(await world.slip(), Method.CARD, VISA)
    await world.until(date(2021, 7, 13), 12)
    await world.pays(await world.slip(), Method.CARD, VISA)
    await world.until(date(2021, 7, 28), 12)
    (deposit,) = await world.sandbox.ward.queries.deposits()
    other = max(await world.sandbox.agents[Agent.UC].queries.statements(), key=lambda s: s.closed_on)
    await world.decides("reassign_deposit", deposit_id=deposit.deposit_id, statement_id=other.statement_id)
    await world.until(date(2021, 7, 30), 12)
    await world.decides("reassign_deposit", deposit_id=deposit.deposit_id)
    await world.until(date(2021, 8, 10))
    await world.claim_all_is_settled()


async def lines_are_decided_about_late(world: World) -> None:
    """A statement lists a payment that was never made; days after the deposit its money is returned."""
    await world.settlement_goes_wrong(SettlementAnomaly.UNKNOWN_PAYMENT)
    await world.pays(await world.slip(), Method.CARD, VISA)
    await world.until(date(2021, 7, 29), 12)
    (concerned,) = (await world.open_item("statement_open")).payments
    await world.decides("return_payment", payment_id=concerned.payment_id)
    await world.until(date(2021, 8, 3))


async def overpaid_money_is_taken_back(world: World) -> None:
    """Slips are paid twice; the second payment is cancelled before the decision, before the refund, and after it."""
    slips = [await world.slip(due=date(2021, 9, 30)) for _ in range(3)]
    for slip in slips:
        await world.pays(slip, Method.CONVENIENCE_STORE)
        await world.pays(slip, Method.INTERNET_BANKING)
    cancelled_on = (date(2021, 7, 13), date(2021, 8, 2), date(2021, 8, 24))
    for n, slip, day in zip(count(1), slips, cancelled_on, strict=False):
        await world.until(day, 12)
        await _cancelled(world, world.payments[2 * n - 1], slip)
    await world.until(MONTHS_LATER)


async def _cancelled(world: World, payment_id: str, slip: SlipView) -> None:
    now = world.sandbox.clock.now()
    record = ReceiptDelivered(
        payment_id=payment_id,
        kind=ReceiptKind.CANCELLED,
        slip_number=slip.slip_number,
        barcode="",
        amount=Yen(slip.amount),
        method=Method.INTERNET_BANKING,
        settler=Settler.BANK,
        paid_at=now - timedelta(days=1),
        received_on=business_date(now),
        delivered_at=now,
    )
    await published(world.sandbox, record)


SECOND_THOUGHTS = (
    Scenario(payers_think_again, "考え直し"),
    Scenario(records_go_wrong_when_they_are_planned, "後からの異常"),
    Scenario(money_is_brought_over_late, "遅れた入金付替"),
    Scenario(lines_are_decided_about_late, "遅れた明細分返還"),
    Scenario(overpaid_money_is_taken_back, "過誤納の取戻し"),
)
