"""Scenarios of settlements that go wrong, and of the law of proxy payment.

UC closes on 10 July 2021 what was paid from the 5th on, and deposits on the 26th; the designated date
(指定日) is 2 August.
"""

from __future__ import annotations

from datetime import date

from contracts.vocabulary import Method, SettlementAnomaly
from services.console.scenarios.stage import DUE, Stage, granted, only

LAST_BEFORE_CLOSING = date(2021, 7, 9)
DEPOSITED, NEXT_DEPOSIT, DESIGNATED_DATE_OVER = date(2021, 7, 26), date(2021, 8, 20), date(2021, 8, 3)
BOTH_DESIGNATED_DATES_OVER = date(2023, 5, 8)
"""Of the closings of 31 March and of 10 April 2023."""


async def _two_payments(stage: Stage, kind: SettlementAnomaly, **how: int) -> int:
    """UC's next closing goes wrong; two payments are in it. Returns what they come to."""
    await stage.settlement_goes_wrong(kind, **how)
    slips = [await stage.slip(), await stage.slip()]
    for slip in slips:
        await stage.some_days(LAST_BEFORE_CLOSING)
        await stage.pays(slip, Method.CARD)
    return sum(slip.amount for slip in slips)


async def deposit_short(stage: Stage) -> None:
    """入金不足: the deposit is short; the shortfall is claimed of UC, which makes it good."""
    missing = stage.yen(1, 20)
    total = await _two_payments(stage, SettlementAnomaly.DEPOSIT_SHORT, yen=missing)
    await stage.until(DEPOSITED)
    stage.claim("found", await stage.codes(), ("deposit_short",))
    await stage.decides("claim_shortfall")
    stage.claim("claimed", await stage.balance("claims_on_settlers"), missing)
    await stage.corrects()
    stage.claim("made good", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


async def deposit_over(stage: Stage) -> None:
    """入金過大: too much is deposited; the excess is returned to UC."""
    total = await _two_payments(stage, SettlementAnomaly.DEPOSIT_OVER, yen=stage.yen(1, 20))
    await stage.until(DEPOSITED)
    stage.claim("found", await stage.codes(), ("deposit_over",))
    await stage.decides("return_excess")
    stage.claim("returned", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


async def deposit_doubled(stage: Stage) -> None:
    """二重入金: the deposit comes twice; the second is returned."""
    total = await _two_payments(stage, SettlementAnomaly.DEPOSIT_DOUBLED)
    await stage.until(DEPOSITED)
    stage.claim("found", await stage.codes(), ("deposit_doubled",))
    stage.claim("twice on the account", await stage.balance("bank_account"), 2 * total)
    await stage.decides("return_excess")
    stage.claim("once on the account", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


async def deposit_late(stage: Stage) -> None:
    """入金遅延: the deposit is three business days late; it is missed on its day, and accepted when it comes."""
    total = await _two_payments(stage, SettlementAnomaly.DEPOSIT_LATE, business_days=3)
    await stage.until(DEPOSITED)
    stage.claim("missed on its day", await stage.codes(), ("deposit_overdue",))
    await stage.until(date(2021, 7, 29))
    stage.claim("three business days later", await stage.deposited(), {"2021-07-29": total})
    await stage.claim_all_is_settled()


async def deposit_missing(stage: Stage) -> None:
    """未入金: no deposit comes; it is claimed, and UC pays after all."""
    total = await _two_payments(stage, SettlementAnomaly.DEPOSIT_MISSING)
    await stage.until(DEPOSITED)
    stage.claim("missed on its day", await stage.codes(), ("deposit_overdue",))
    await stage.decides("claim_shortfall")
    stage.claim("claimed", await stage.balance("claims_on_settlers"), total)
    await stage.corrects()
    stage.claim("paid after all", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


async def wrong_account(stage: Stage) -> None:
    """口座相違: the deposit goes to another account of the ward; staff bring it over."""
    total = await _two_payments(stage, SettlementAnomaly.WRONG_ACCOUNT)
    await stage.until(DEPOSITED)
    stage.claim("found", "wrong_account" in await stage.codes())
    deposit = only(await stage.sandbox.ward.queries.deposits(), "deposits")
    await stage.decides("reassign_deposit", deposit_id=deposit.deposit_id)
    stage.claim("on the right account", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


async def fees_taken_twice(stage: Stage) -> None:
    """手数料二重控除: UC keeps its fee back twice; the second is booked as a fee, and kept on record."""
    total = await _two_payments(stage, SettlementAnomaly.FEE_TWICE)
    fee = total * 20 // 1000
    await stage.until(DEPOSITED)
    stage.claim("found", await stage.codes(), ("fee_twice",))
    stage.claim("two fees are missing", await stage.balance("bank_account"), total - 2 * fee)
    await stage.decides("book_as_fee")
    stage.claim("booked", await stage.balance("settlement_fees"), 2 * fee)
    await stage.claim_all_is_settled()


async def statement_omits_a_payment(stage: Stage) -> None:
    """明細漏れ: a payment is in the total and the deposit, not among the lines; staff add its line."""
    await _two_payments(stage, SettlementAnomaly.LINE_OMITTED)
    await stage.until(DEPOSITED)
    stage.claim("found", await stage.codes(), ("totals_differ",))
    omitted = (await stage.open_item("receipt_not_deposited")).subject
    stage.claim("the payment is named", omitted in stage.payments)
    await stage.decides("add_line", payment_id=omitted)
    await stage.claim_all_is_settled()


async def receipt_without_deposit(stage: Stage) -> None:
    """精算漏れ: a payment is neither stated nor deposited; UC carries it over into its next closing."""
    total = await _two_payments(stage, SettlementAnomaly.PAYMENT_LEFT_OUT)
    await stage.until(DEPOSITED)
    item = await stage.open_item("receipt_not_deposited")
    stage.claim("found and named", (item.codes, item.subject in stage.payments), (("receipt_unlisted",), True))
    await stage.corrects()
    await stage.until(NEXT_DEPOSIT)
    stage.claim("deposited in two parts", sum((await stage.deposited()).values()), total)
    await stage.claim_all_is_settled()


async def deposit_without_receipt(stage: Stage) -> None:
    """収納なし明細: UC states and deposits a payment that nobody has made; its money is returned."""
    total = await _two_payments(stage, SettlementAnomaly.UNKNOWN_PAYMENT, yen=stage.yen(1, 20))
    await stage.until(DEPOSITED)
    payment = only((await stage.open_item("statement_open")).payments, "payments concerned")
    stage.claim("found and named", (payment.code, payment.payment_id in stage.payments), ("receipt_missing", False))
    await stage.decides("return_payment", payment_id=payment.payment_id)
    stage.claim("returned", await stage.balance("bank_account"), total)
    await stage.claim_all_is_settled()


# ---- the law of proxy payment --------------------------------------------------------------------------------


async def designated_date_missed_old_law(stage: Stage) -> None:
    """指定代理納付者 (until 2022-01-03): UC misses the designated date; debt, reminder and arrears revive."""
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    slip = await stage.slip(amount=285_000, due=DUE)
    await stage.some_days(LAST_BEFORE_CLOSING)
    await stage.pays(slip, Method.CARD)
    await stage.until(DESIGNATED_DATE_OVER, 1)
    stage.claim("the payer owes it again", await stage.outstanding(slip), slip.amount)
    stage.claim("みなし納付失効", await _effect(stage, slip.slip_number), "revived")
    stage.claim("no reminder yet", list(await stage.sandbox.ward.queries.reminders()), [])
    await stage.until(date(2021, 9, 30), 12)
    reminded = only(await stage.sandbox.ward.queries.reminders(), "reminders")
    stage.claim("reminded of it", (reminded.slip_number, reminded.outstanding), (slip.slip_number, slip.amount))
    stage.claim("arrears of 59 days at 2.5 %", await _arrears(stage, slip.slip_number), 1_100)
    await stage.corrects()
    stage.claim("paid, from the late deposit on", await _effect(stage, slip.slip_number), "paid")
    stage.claim("nothing of the debt is left", await stage.outstanding(slip), 0)
    await stage.until(date(2021, 10, 31))
    stage.claim(
        "paid late, by this law: the arrears stay, and grow no more", await _arrears(stage, slip.slip_number), 1_100
    )
    await stage.claim_all_is_settled()


async def designated_date_missed_new_law(stage: Stage) -> None:
    """指定納付受託者 (from 2022-01-04): UC misses the designated date; it is pursued, and the payer owes nothing."""
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    slip = await stage.slip()
    await stage.some_days(date(2022, 7, 8))
    await stage.pays(slip, Method.CARD)
    await stage.until(date(2022, 7, 30), 1)
    stage.claim("the agent is pursued", await _effect(stage, slip.slip_number), "agent_pursued")
    stage.claim("the payer owes nothing", await stage.outstanding(slip), 0)
    await stage.until(date(2022, 8, 19), 12)
    await stage.corrects()
    stage.claim("paid", await _effect(stage, slip.slip_number), "paid")
    await stage.claim_all_is_settled()


async def between_two_laws(stage: Stage) -> None:
    """Entrusted on 3 and on 4 January 2022, in a closing that is not deposited: only the first debt revives."""
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    before, after = await stage.slip(due=date(2022, 1, 31)), await stage.slip(due=date(2022, 1, 31))
    await stage.pays(before, Method.CARD)
    await stage.until(date(2022, 1, 4), 9)
    await stage.pays(after, Method.CARD)
    await stage.until(date(2022, 3, 1))
    stage.claim("by the old law the debt revives", await stage.outstanding(before), before.amount)
    stage.claim("by the new law it does not", await stage.outstanding(after), 0)


async def old_scheme_until_its_last_day(stage: Stage) -> None:
    """経過措置: the old scheme is used to its last day, 31 March 2023; what is paid on 1 April goes by the new law."""
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    before, after = await stage.slip(due=date(2023, 5, 31)), await stage.slip(due=date(2023, 5, 31))
    await stage.until(date(2023, 3, 31), 23)
    await stage.pays(before, Method.CARD)
    await stage.until(date(2023, 4, 1), 1)
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
    await stage.pays(after, Method.CARD)
    await stage.until(BOTH_DESIGNATED_DATES_OVER, 12)
    stage.claim("31 March: みなし納付失効 the debt revives", await _effect(stage, before.slip_number), "revived")
    stage.claim("the payer owes it again", await stage.outstanding(before), before.amount)
    stage.claim("1 April: the agent is pursued", await _effect(stage, after.slip_number), "agent_pursued")
    stage.claim("the payer owes nothing", await stage.outstanding(after), 0)
    for closing in (1, 2):
        await stage.corrects(closing)
    stage.claim(
        "paid, from the late deposit on", await _paid_since(stage, before.slip_number), BOTH_DESIGNATED_DATES_OVER
    )
    stage.claim("paid, from the entrustment on", await _paid_since(stage, after.slip_number), date(2023, 4, 1))
    await stage.claim_all_is_settled()


async def late_but_by_the_designated_date(stage: Stage) -> None:
    """A deposit that is late, but not later than the designated date, changes nothing for the payer."""
    await stage.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_LATE, business_days=5)
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    await stage.pays(slip, Method.CARD)
    await stage.until(NEXT_DEPOSIT)
    stage.claim("deemed paid all the time", await _effect(stage, slip.slip_number), "paid")
    stage.claim("nothing lapsed", await stage.balance("lapsed_proxy_payments"), 0)
    await stage.claim_all_is_settled()


async def _arrears(stage: Stage, slip_number: str) -> int:
    return granted(await stage.sandbox.ward.queries.arrears(slip_number)).arrears


async def _paid_since(stage: Stage, slip_number: str) -> date | None:
    return granted(await stage.sandbox.ward.queries.deeming(slip_number)).since


async def _effect(stage: Stage, slip_number: str) -> str:
    return granted(await stage.sandbox.ward.queries.deeming(slip_number)).effect
