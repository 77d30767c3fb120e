"""Scenarios of settlements that go wrong, and of the law of proxy payment.

UC closes payments from 5 July 2021 on the 10th and deposits on the 26th; the designated date (指定日) is 2 August.
"""

from __future__ import annotations

from datetime import date

from contracts.vocabulary import Method, SettlementAnomaly
from services.console.scenarios.world import DUE, World, granted, only

LAST_BEFORE_CLOSING = date(2021, 7, 9)
DEPOSITED, NEXT_DEPOSIT, DESIGNATED_DATE_OVER = date(2021, 7, 26), date(2021, 8, 20), date(2021, 8, 3)
BOTH_DESIGNATED_DATES_OVER = date(2023, 5, 8)
"""Of the closings of 31 March and of 10 April 2023."""


async def _two_payments(world: World, kind: SettlementAnomaly, **how: int) -> int:
    """UC's next closing goes wrong, with two payments in it. Returns their total in yen."""
    await world.settlement_goes_wrong(kind, **how)
    slips = [await world.slip(), await world.slip()]
    for slip in slips:
        await world.some_days(LAST_BEFORE_CLOSING)
        await world.pays(slip, Method.CARD)
    return sum(slip.amount for slip in slips)


async def deposit_short(world: World) -> None:
    """入金不足: the deposit is short; the ward claims the shortfall from UC, which pays it."""
    missing = world.yen(1, 20)
    total = await _two_payments(world, SettlementAnomaly.DEPOSIT_SHORT, yen=missing)
    await world.until(DEPOSITED)
    world.claim("found", await world.codes(), ("deposit_short",))
    await world.decides("claim_shortfall")
    world.claim("claimed", await world.balance("claims_on_settlers"), missing)
    await world.corrects()
    world.claim("made good", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


async def deposit_over(world: World) -> None:
    """入金過大: too much is deposited; the excess is returned to UC."""
    total = await _two_payments(world, SettlementAnomaly.DEPOSIT_OVER, yen=world.yen(1, 20))
    await world.until(DEPOSITED)
    world.claim("found", await world.codes(), ("deposit_over",))
    await world.decides("return_excess")
    world.claim("returned", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


async def deposit_doubled(world: World) -> None:
    """二重入金: the deposit comes twice; the second is returned."""
    total = await _two_payments(world, SettlementAnomaly.DEPOSIT_DOUBLED)
    await world.until(DEPOSITED)
    world.claim("found", await world.codes(), ("deposit_doubled",))
    world.claim("twice on the account", await world.balance("bank_account"), 2 * total)
    await world.decides("return_excess")
    world.claim("once on the account", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


async def deposit_late(world: World) -> None:
    """入金遅延: the deposit is three business days late; it is missed on its day, and matched when it comes."""
    total = await _two_payments(world, SettlementAnomaly.DEPOSIT_LATE, business_days=3)
    await world.until(DEPOSITED)
    world.claim("missed on its day", await world.codes(), ("deposit_overdue",))
    await world.until(date(2021, 7, 29))
    world.claim("three business days later", await world.deposited(), {"2021-07-29": total})
    await world.claim_all_is_settled()


async def deposit_missing(world: World) -> None:
    """未入金: no deposit comes; the ward claims it, and UC pays late."""
    total = await _two_payments(world, SettlementAnomaly.DEPOSIT_MISSING)
    await world.until(DEPOSITED)
    world.claim("missed on its day", await world.codes(), ("deposit_overdue",))
    await world.decides("claim_shortfall")
    world.claim("claimed", await world.balance("claims_on_settlers"), total)
    await world.corrects()
    world.claim("paid after all", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


async def wrong_account(world: World) -> None:
    """口座相違: the deposit goes to another account of the ward; staff transfer it."""
    total = await _two_payments(world, SettlementAnomaly.WRONG_ACCOUNT)
    await world.until(DEPOSITED)
    world.claim("found", "wrong_account" in await world.codes())
    deposit = only(await world.sandbox.ward.queries.deposits(), "deposits")
    await world.decides("reassign_deposit", deposit_id=deposit.deposit_id)
    world.claim("on the right account", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


async def fees_taken_twice(world: World) -> None:
    """手数料二重控除: UC deducts its fee twice; staff book the second as a fee, on record."""
    total = await _two_payments(world, SettlementAnomaly.FEE_TWICE)
    fee = total * 20 // 1000
    await world.until(DEPOSITED)
    world.claim("found", await world.codes(), ("fee_twice",))
    world.claim("two fees are missing", await world.balance("bank_account"), total - 2 * fee)
    await world.decides("book_as_fee")
    world.claim("booked", await world.balance("settlement_fees"), 2 * fee)
    await world.claim_all_is_settled()


async def statement_omits_a_payment(world: World) -> None:
    """明細漏れ: a payment is in the total and the deposit, not among the lines; staff add its line."""
    await _two_payments(world, SettlementAnomaly.LINE_OMITTED)
    await world.until(DEPOSITED)
    world.claim("found", await world.codes(), ("totals_differ",))
    omitted = (await world.open_item("receipt_not_deposited")).subject
    world.claim("the payment is named", omitted in world.payments)
    await world.decides("add_line", payment_id=omitted)
    await world.claim_all_is_settled()


async def receipt_without_deposit(world: World) -> None:
    """精算漏れ: a payment is neither stated nor deposited; UC includes it in its next closing."""
    total = await _two_payments(world, SettlementAnomaly.PAYMENT_LEFT_OUT)
    await world.until(DEPOSITED)
    item = await world.open_item("receipt_not_deposited")
    world.claim("found and named", (item.codes, item.subject in world.payments), (("receipt_unlisted",), True))
    await world.corrects()
    await world.until(NEXT_DEPOSIT)
    world.claim("deposited in two parts", sum((await world.deposited()).values()), total)
    await world.claim_all_is_settled()


async def deposit_without_receipt(world: World) -> None:
    """収納なし明細: UC states and deposits a payment that was never made; the money is returned."""
    total = await _two_payments(world, SettlementAnomaly.UNKNOWN_PAYMENT, yen=world.yen(1, 20))
    await world.until(DEPOSITED)
    payment = only((await world.open_item("statement_open")).payments, "payments concerned")
    world.claim("found and named", (payment.code, payment.payment_id in world.payments), ("receipt_missing", False))
    await world.decides("return_payment", payment_id=payment.payment_id)
    world.claim("returned", await world.balance("bank_account"), total)
    await world.claim_all_is_settled()


# ---- the law of proxy payment --------------------------------------------------------------------------------


async def designated_date_missed_old_law(world: World) -> None:
    """指定代理納付者 (until 2022-01-03): UC misses the designated date; the debt revives, with reminder and arrears."""
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    slip = await world.slip(amount=285_000, due=DUE)
    await world.some_days(LAST_BEFORE_CLOSING)
    await world.pays(slip, Method.CARD)
    await world.until(DESIGNATED_DATE_OVER, 1)
    world.claim("the payer owes it again", await world.outstanding(slip), slip.amount)
    world.claim("みなし納付失効", await _effect(world, slip.slip_number), "revived")
    world.claim("no reminder yet", list(await world.sandbox.ward.queries.reminders()), [])
    await world.until(date(2021, 9, 30), 12)
    reminded = only(await world.sandbox.ward.queries.reminders(), "reminders")
    world.claim("reminded of it", (reminded.slip_number, reminded.outstanding), (slip.slip_number, slip.amount))
    world.claim("arrears of 59 days at 2.5 %", await _arrears(world, slip.slip_number), 1_100)
    await world.corrects()
    world.claim("paid, from the late deposit on", await _effect(world, slip.slip_number), "paid")
    world.claim("nothing of the debt is left", await world.outstanding(slip), 0)
    await world.until(date(2021, 10, 31))
    world.claim(
        "paid late, by this law: the arrears stay, and grow no more", await _arrears(world, slip.slip_number), 1_100
    )
    await world.claim_all_is_settled()


async def designated_date_missed_new_law(world: World) -> None:
    """指定納付受託者 (from 2022-01-04): UC misses the designated date; UC is pursued, and the payer owes nothing."""
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    slip = await world.slip()
    await world.some_days(date(2022, 7, 8))
    await world.pays(slip, Method.CARD)
    await world.until(date(2022, 7, 30), 1)
    world.claim("the agent is pursued", await _effect(world, slip.slip_number), "agent_pursued")
    world.claim("the payer owes nothing", await world.outstanding(slip), 0)
    await world.until(date(2022, 8, 19), 12)
    await world.corrects()
    world.claim("paid", await _effect(world, slip.slip_number), "paid")
    await world.claim_all_is_settled()


async def between_two_laws(world: World) -> None:
    """Entrusted on 3 and on 4 January 2022, in one closing without a deposit: only the first debt revives."""
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    before, after = await world.slip(due=date(2022, 1, 31)), await world.slip(due=date(2022, 1, 31))
    await world.pays(before, Method.CARD)
    await world.until(date(2022, 1, 4), 9)
    await world.pays(after, Method.CARD)
    await world.until(date(2022, 3, 1))
    world.claim("by the old law the debt revives", await world.outstanding(before), before.amount)
    world.claim("by the new law it does not", await world.outstanding(after), 0)


async def old_scheme_until_its_last_day(world: World) -> None:
    """経過措置: the old scheme ends on 31 March 2023; a payment on 1 April is under the new law."""
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    before, after = await world.slip(due=date(2023, 5, 31)), await world.slip(due=date(2023, 5, 31))
    await world.until(date(2023, 3, 31), 23)
    await world.pays(before, Method.CARD)
    await world.until(date(2023, 4, 1), 1)
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    await world.pays(after, Method.CARD)
    await world.until(BOTH_DESIGNATED_DATES_OVER, 12)
    world.claim("31 March: みなし納付失効 the debt revives", await _effect(world, before.slip_number), "revived")
    world.claim("the payer owes it again", await world.outstanding(before), before.amount)
    world.claim("1 April: the agent is pursued", await _effect(world, after.slip_number), "agent_pursued")
    world.claim("the payer owes nothing", await world.outstanding(after), 0)
    for closing in (1, 2):
        await world.corrects(closing)
    world.claim(
        "paid, from the late deposit on", await _paid_since(world, before.slip_number), BOTH_DESIGNATED_DATES_OVER
    )
    world.claim("paid, from the entrustment on", await _paid_since(world, after.slip_number), date(2023, 4, 1))
    await world.claim_all_is_settled()


async def late_but_by_the_designated_date(world: World) -> None:
    """A late deposit, by the designated date at the latest, changes nothing for the payer."""
    await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_LATE, business_days=5)
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    await world.pays(slip, Method.CARD)
    await world.until(NEXT_DEPOSIT)
    world.claim("deemed paid all the time", await _effect(world, slip.slip_number), "paid")
    world.claim("nothing lapsed", await world.balance("lapsed_proxy_payments"), 0)
    await world.claim_all_is_settled()


async def _arrears(world: World, slip_number: str) -> int:
    return granted(await world.sandbox.ward.queries.arrears(slip_number)).arrears


async def _paid_since(world: World, slip_number: str) -> date | None:
    return granted(await world.sandbox.ward.queries.deeming(slip_number)).since


async def _effect(world: World, slip_number: str) -> str:
    return granted(await world.sandbox.ward.queries.deeming(slip_number)).effect
