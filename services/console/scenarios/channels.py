"""Scenarios of the channels outside the app, and of contradictory receipt data."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import BANK_CALENDAR
from contracts.vocabulary import Method, ReceiptAnomaly
from services.console.scenarios.world import World

LAST_BEFORE_CLOSING, EVERYTHING_DEPOSITED = date(2021, 7, 9), date(2021, 9, 30)


async def _collected(world: World, method: Method, confirmed: int, deposited: date | None = None) -> None:
    """確報 after `confirmed` business days, the money with it unless given a day; a store also sends 速報."""
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, method)
    world.claim("the ward does not know yet", await world.outstanding(slip), slip.amount)
    await world.until(EVERYTHING_DEPOSITED)
    confirmed_on = BANK_CALENDAR.add(day, confirmed)
    records = [("02", str(confirmed_on))]
    if method is Method.CONVENIENCE_STORE:
        records.insert(0, ("01", str(day + timedelta(days=1))))
    world.claim("reported on the channel's days", await world.records(payment), records)
    money_on = str(deposited or confirmed_on)
    world.claim(f"deposited on {money_on}", await world.deposited(), {money_on: slip.amount})
    await world.claim_all_is_settled()


async def convenience_store(world: World) -> None:
    """コンビニ: 速報 the next day, 確報 five business days later, the deposit after the store chain's closing."""
    await _collected(world, Method.CONVENIENCE_STORE, 5, date(2021, 7, 26))


async def bank_counter(world: World) -> None:
    """金融機関窓口: the paper reaches the ward after four business days, together with the money; no 速報."""
    await _collected(world, Method.BANK_COUNTER, 4)


async def direct_debit(world: World) -> None:
    """口座振替: the account is debited; the result reaches the ward together with the money; no 速報."""
    await _collected(world, Method.DIRECT_DEBIT, 4)


async def ward_counter(world: World) -> None:
    """窓口: paid at the ward's own counter, counted and registered on the next business day."""
    await _collected(world, Method.COUNTER, 1)


async def confirmed_with_another_amount(world: World) -> None:
    """速報・確報金額相違: the 確報 names another amount; the 速報 stands, and staff see both."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.CONFIRMED_AMOUNT_DIFFERS)
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    await world.pays(slip, Method.CARD, world.any_card())
    await world.until(EVERYTHING_DEPOSITED)
    found = (await world.open_item("discrepancy")).because
    world.claim("found and named", "receipt_amount_differs (01/02)" in found and f"¥{slip.amount:,}" in found)
    world.claim("the 速報 stands", await world.outstanding(slip), 0)


async def confirmed_without_preliminary(world: World) -> None:
    """速報なし確報: a 確報 comes without a 速報; it counts, and staff see it."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.CONFIRMED_WITHOUT_PRELIMINARY)
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD, world.any_card())
    world.claim("the ward does not know", await world.outstanding(slip), slip.amount)
    await world.until(EVERYTHING_DEPOSITED)
    world.claim("only confirmed", await world.records(payment), [("02", str(BANK_CALENDAR.add(day, 3)))])
    world.claim("found", "confirmed_without_preliminary" in await world.open_items())
    world.claim("it counts", await world.outstanding(slip), 0)


async def cancelled_after_confirmed(world: World) -> None:
    """確報後取消: a cancellation follows the 確報; the money comes all the same, and is returned."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.CANCELLED_AFTER_CONFIRMED)
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD, world.any_card())
    await world.until(EVERYTHING_DEPOSITED)
    world.claim("all three records", [kind for kind, _ in await world.records(payment)], ["01", "02", "03"])
    world.claim("found", "cancelled_after_confirmed (02/03)" in (await world.open_item("discrepancy")).because)
    world.claim("owed, though the money came", await world.outstanding(slip), slip.amount)
    world.claim("deposited", sum((await world.deposited()).values()), slip.amount)
    (statement,) = [s for agent in world.sandbox.agents.values() for s in await agent.queries.statements()]
    await world.decides("return_payment", payment_id=payment, statement_id=statement.statement_id)
    world.claim("nothing is open any more", sorted(await world.open_items()), [])
    world.claim("the money is not the ward's", await world.balance("bank_account"), 0)


async def never_confirmed(world: World) -> None:
    """確報未着: the 確報 never comes; it is overdue after seven business days, and the statement stays open."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.NEVER_CONFIRMED)
    slip = await world.slip()
    await world.pays(slip, Method.CONVENIENCE_STORE)
    await world.until(date(2021, 7, 9))
    world.claim("nothing is missed at first", "confirmation_overdue" in await world.open_items(), False)
    await world.until(EVERYTHING_DEPOSITED)
    found = await world.open_items()
    world.claim("overdue", "confirmation_overdue" in found)
    world.claim(
        "the statement says why it is open",
        "receipt_not_confirmed" in (await world.open_item("statement_open")).because,
    )


async def receipt_data_lost(world: World) -> None:
    """収納データ未着: no record of a payment ever comes; it is found because the agent's statement lists it."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.NEVER_REPORTED)
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD, world.any_card())
    await world.until(EVERYTHING_DEPOSITED)
    world.claim("no record", await world.records(payment), [])
    statement = await world.open_item("statement_open")
    world.claim("named with the payment", [p.payment_id for p in statement.payments], [payment])
    world.claim("deposited without a receipt", sum((await world.deposited()).values()), slip.amount)


async def record_sent_twice(world: World) -> None:
    """二重送信: a record comes twice, with other content the second time; the first stands, staff see the other."""
    await world.receipt_data_go_wrong(ReceiptAnomaly.SENT_TWICE)
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD, world.any_card())
    await world.until(EVERYTHING_DEPOSITED)
    world.claim("registered once", [kind for kind, _ in await world.records(payment)], ["01", "02"])
    world.claim("shown", "the registered one stands" in (await world.open_item("discrepancy")).because)
