"""Scenarios of reminders (督促), arrears (延滞金) and overpayments (過誤納)."""

from __future__ import annotations

from datetime import date

from contracts.vocabulary import Method
from services.console.scenarios.stage import DUE, Stage, granted, only

DAYS_BEFORE_REMINDERS, DAY_BEFORE_REMINDERS, AFTER_REMINDERS = date(2021, 8, 17), date(2021, 8, 19), date(2021, 8, 31)
WELL_BEFORE_DUE = date(2021, 7, 23)


async def reminder_crosses_a_payment(stage: Stage) -> None:
    """行き違い: paid at a bank days before the reminders go out; the paper reaches the ward after them."""
    slip = await stage.slip(due=DUE)
    await stage.until(DAYS_BEFORE_REMINDERS, 9)
    await stage.some_days(DAY_BEFORE_REMINDERS)
    payment = await stage.pays(slip, Method.BANK_COUNTER)
    await stage.until(AFTER_REMINDERS)
    found = await stage.sandbox.ward.queries.crossings()
    crossing = only(found.crossings, "crossings")
    stage.claim("one reminder, crossed", (found.reminders, crossing.payment_id), (1, payment))
    stage.claim("by its channel", [(c.method, c.crossings) for c in found.by_channel], [(Method.BANK_COUNTER, 1)])
    await stage.claim_all_is_settled()


async def card_payment_is_not_crossed(stage: Stage) -> None:
    """In the same days, but by card: the ward knows at once, and sends no reminder. That is why the ward wants it."""
    slip = await stage.slip(due=DUE)
    await stage.until(DAYS_BEFORE_REMINDERS, 9)
    await stage.some_days(DAY_BEFORE_REMINDERS)
    await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(AFTER_REMINDERS)
    stage.claim("known as paid", await stage.outstanding(slip), 0)
    stage.claim("no reminder", list(await stage.sandbox.ward.queries.reminders()), [])


async def reminded_and_paid_late(stage: Stage) -> None:
    """督促: nobody pays; a reminder goes out within twenty days, and then the payer comes to the counter."""
    slip = await stage.slip(due=DUE)
    await stage.until(AFTER_REMINDERS, 9)
    reminder = only(await stage.sandbox.ward.queries.reminders(), "reminders")
    stage.claim(
        "of this slip, for all of it", (reminder.slip_number, reminder.outstanding), (slip.slip_number, slip.amount)
    )
    await stage.some_days(date(2021, 9, 7))
    await stage.pays(slip, Method.COUNTER)
    await stage.until(date(2021, 9, 10))
    stage.claim("paid", await stage.outstanding(slip), 0)
    stage.claim("not crossed: it was not paid when the reminder went out", reminder.crossed, False)


async def arrears_grow(stage: Stage) -> None:
    """延滞金: ¥285,000 unpaid for 91 days at 2.5 % make ¥1,776, cut to ¥1,700; a base under ¥2,000 makes nothing."""
    large, small = await stage.slip(amount=285_000, due=DUE), await stage.slip(amount=1_900, due=DUE)
    due = granted(await stage.sandbox.ward.queries.arrears(large.slip_number, date(2021, 11, 1)))
    stage.tell("延滞金 arrears", f"¥{due.arrears:,} on {due.until}")
    stage.claim("¥1,700 on 1 November", due.arrears, 1_700)
    later = granted(await stage.sandbox.ward.queries.arrears(large.slip_number, date(2022, 3, 31)))
    stage.claim("more at the second rate", later.arrears > due.arrears)
    none = granted(await stage.sandbox.ward.queries.arrears(small.slip_number, date(2022, 3, 31)))
    stage.claim("nothing for a small base", none.arrears, 0)


async def paid_twice_and_refunded(stage: Stage) -> None:
    """二重納付・還付: paid at a shop and in the app; nothing else is owed, so the ward pays one of them back."""
    slip = await stage.slip(due=date(2021, 9, 30))
    await stage.some_days(WELL_BEFORE_DUE)
    await stage.pays(slip, Method.CONVENIENCE_STORE)
    await stage.pays(slip, Method.CARD, stage.any_card())
    await stage.until(date(2021, 10, 31))
    books = (await stage.sandbox.books())["ward"]
    stage.claim("refunded once", [r.amount for r in books.refunds], [slip.amount])
    stage.claim("the ward keeps one payment", await stage.balance("bank_account"), slip.amount)


async def paid_twice_and_applied(stage: Stage) -> None:
    """二重納付・充当: the payer owes another slip that is overdue; what was paid too much is applied to it."""
    insured = stage.person()
    overdue = await stage.slip(due=DUE, insured=insured)
    paid_twice = await stage.slip(amount=overdue.amount, due=date(2021, 9, 30), insured=insured)
    await stage.until(date(2021, 8, 5), 9)
    await stage.some_days(date(2021, 8, 12))
    await stage.pays(paid_twice, Method.CONVENIENCE_STORE)
    await stage.pays(paid_twice, Method.INTERNET_BANKING)
    await stage.until(date(2021, 10, 31))
    view = granted(await stage.sandbox.ward.queries.overpayment(paid_twice.slip_number))
    uses = [(use.use, use.amount, use.to_slip) for use in view.uses]
    stage.claim("applied to the overdue slip", uses, [("applied", overdue.amount, overdue.slip_number)])
    stage.claim("nothing is owed any more", await stage.outstanding(overdue), 0)


async def refund_lapses(stage: Stage) -> None:
    """還付時効: paid twice, and nobody asks for the money back; after two years the claim lapses."""
    slip = await stage.slip(due=date(2021, 9, 30))
    await stage.some_days(WELL_BEFORE_DUE)
    await stage.pays(slip, Method.CONVENIENCE_STORE)
    await stage.pays(slip, Method.BANK_COUNTER)
    await stage.until(date(2023, 7, 1))
    stage.claim("still owed to the payer", await stage.balance("refunds_payable"), -slip.amount)
    await stage.until(date(2023, 12, 31))
    stage.claim("lapsed", await stage.balance("lapsed_refunds"), -slip.amount)
    stage.claim("nothing is owed any more", await stage.balance("refunds_payable"), 0)
