"""Scenarios of the channels outside the app, and of receipt data that contradict themselves."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import BANK_CALENDAR
from contracts.vocabulary import Method, ReceiptAnomaly
from services.console.scenarios.stage import Stage

LAST_BEFORE_CLOSING, EVERYTHING_DEPOSITED = date(2021, 7, 9), date(2021, 9, 30)


async def _collected(stage: Stage, method: Method, confirmed: int, deposited: date | None = None) -> None:
    """確報 so many business days after a payment, and the money with it or on a day of its own. A shop has 速報 too."""
    slip = await stage.slip()
    day = await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, method)
    stage.claim("the ward does not know yet", await stage.outstanding(slip), slip.amount)
    await stage.until(EVERYTHING_DEPOSITED)
    confirmed_on = BANK_CALENDAR.add(day, confirmed)
    records = [("02", str(confirmed_on))]
    if method is Method.CONVENIENCE_STORE:
        records.insert(0, ("01", str(day + timedelta(days=1))))
    stage.claim("told on the channel's days", await stage.records(payment), records)
    money_on = str(deposited or confirmed_on)
    stage.claim(f"deposited on {money_on}", await stage.deposited(), {money_on: slip.amount})
    await stage.claim_all_is_settled()


async def convenience_store(stage: Stage) -> None:
    """コンビニ: 速報 the next day, 確報 five business days later, the deposit after the shop's closing."""
    await _collected(stage, Method.CONVENIENCE_STORE, 5, date(2021, 7, 26))


async def bank_counter(stage: Stage) -> None:
    """金融機関窓口: paper travels to the ward for four business days, and the money with it; no 速報."""
    await _collected(stage, Method.BANK_COUNTER, 4)


async def direct_debit(stage: Stage) -> None:
    """口座振替: the account is debited, and the ward hears of it with the money; no 速報."""
    await _collected(stage, Method.DIRECT_DEBIT, 4)


async def ward_counter(stage: Stage) -> None:
    """窓口: paid at the ward's own counter, counted and registered on the next business day."""
    await _collected(stage, Method.COUNTER, 1)


async def confirmed_with_another_amount(stage: Stage) -> None:
    """速報・確報金額相違: the confirmation names another amount; the 速報 stands, and staff are shown both."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.CONFIRMED_AMOUNT_DIFFERS)
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(EVERYTHING_DEPOSITED)
    found = (await stage.open_item("discrepancy")).because
    stage.claim("found and named", "receipt_amount_differs (01/02)" in found and f"¥{slip.amount:,}" in found)
    stage.claim("the 速報 stands", await stage.outstanding(slip), 0)


async def confirmed_without_preliminary(stage: Stage) -> None:
    """速報なし確報: a confirmation comes that no preliminary record announced; it counts, and is shown."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.CONFIRMED_WITHOUT_PRELIMINARY)
    slip = await stage.slip()
    day = await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD, stage.any_card())
    stage.claim("the ward does not know", await stage.outstanding(slip), slip.amount)
    await stage.until(EVERYTHING_DEPOSITED)
    stage.claim("only confirmed", await stage.records(payment), [("02", str(BANK_CALENDAR.add(day, 3)))])
    stage.claim("found", "confirmed_without_preliminary" in await stage.open_items())
    stage.claim("it counts", await stage.outstanding(slip), 0)


async def cancelled_after_confirmed(stage: Stage) -> None:
    """確報後取消: a cancellation follows the confirmation; the money comes all the same, and is given back."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.CANCELLED_AFTER_CONFIRMED)
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(EVERYTHING_DEPOSITED)
    stage.claim("all three records", [kind for kind, _ in await stage.records(payment)], ["01", "02", "03"])
    stage.claim("found", "cancelled_after_confirmed (02/03)" in (await stage.open_item("discrepancy")).because)
    stage.claim("owed, though the money came", await stage.outstanding(slip), slip.amount)
    stage.claim("deposited", sum((await stage.deposited()).values()), slip.amount)
    (statement,) = [s for agent in stage.sandbox.agents.values() for s in await agent.queries.statements()]
    await stage.decides("return_payment", payment_id=payment, statement_id=statement.statement_id)
    stage.claim("nothing is open any more", sorted(await stage.open_items()), [])
    stage.claim("the money is not the ward's", await stage.balance("bank_account"), 0)


async def never_confirmed(stage: Stage) -> None:
    """確報未着: the confirmation never comes; it is overdue after seven business days, and the statement stays open."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.NEVER_CONFIRMED)
    slip = await stage.slip()
    await stage.pays(slip, Method.CONVENIENCE_STORE)
    await stage.until(date(2021, 7, 9))
    stage.claim("nothing is missed at first", "confirmation_overdue" in await stage.open_items(), False)
    await stage.until(EVERYTHING_DEPOSITED)
    found = await stage.open_items()
    stage.claim("overdue", "confirmation_overdue" in found)
    stage.claim(
        "the statement says why it is open",
        "receipt_not_confirmed" in (await stage.open_item("statement_open")).because,
    )


async def receipt_data_lost(stage: Stage) -> None:
    """収納データ未着: no record of a payment ever comes; the agent's statement lists it, and so it is found."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.NEVER_REPORTED)
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(EVERYTHING_DEPOSITED)
    stage.claim("no record", await stage.records(payment), [])
    statement = await stage.open_item("statement_open")
    stage.claim("named with the payment", [p.payment_id for p in statement.payments], [payment])
    stage.claim("deposited without a receipt", sum((await stage.deposited()).values()), slip.amount)


async def record_sent_twice(stage: Stage) -> None:
    """二重送信: a record comes twice, with another content the second time; the first stands, the other is shown."""
    await stage.receipt_data_go_wrong(ReceiptAnomaly.SENT_TWICE)
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(EVERYTHING_DEPOSITED)
    stage.claim("registered once", [kind for kind, _ in await stage.records(payment)], ["01", "02"])
    stage.claim("shown", "the registered one stands" in (await stage.open_item("discrepancy")).because)
