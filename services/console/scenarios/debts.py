"""Scenarios of reminders (督促), arrears (延滞金) and overpayments (過誤納)."""

from __future__ import annotations

from datetime import date

from contracts.vocabulary import Method
from services.console.scenarios.world import DUE, World, granted, only

DAYS_BEFORE_REMINDERS, DAY_BEFORE_REMINDERS, AFTER_REMINDERS = date(2021, 8, 17), date(2021, 8, 19), date(2021, 8, 31)
WELL_BEFORE_DUE = date(2021, 7, 23)


async def reminder_crosses_a_payment(world: World) -> None:
    """行き違い: paid at a bank days before the reminders are sent; the paper reaches the ward after them."""
    slip = await world.slip(due=DUE)
    await world.until(DAYS_BEFORE_REMINDERS, 9)
    await world.some_days(DAY_BEFORE_REMINDERS)
    payment = await world.pays(slip, Method.BANK_COUNTER)
    await world.until(AFTER_REMINDERS)
    found = await world.sandbox.ward.queries.crossings()
    crossing = only(found.crossings, "crossings")
    world.claim("one reminder, crossed", (found.reminders, crossing.payment_id), (1, payment))
    world.claim("by its channel", [(c.method, c.crossings) for c in found.by_channel], [(Method.BANK_COUNTER, 1)])
    await world.claim_all_is_settled()


async def card_payment_is_not_crossed(world: World) -> None:
    """Paid by card just before the reminders: the ward knows at once and sends none. That is why it wants cards."""
    slip = await world.slip(due=DUE)
    await world.until(DAYS_BEFORE_REMINDERS, 9)
    await world.some_days(DAY_BEFORE_REMINDERS)
    await world.pays(slip, Method.CARD, world.any_card())
    await world.until(AFTER_REMINDERS)
    world.claim("known as paid", await world.outstanding(slip), 0)
    world.claim("no reminder", list(await world.sandbox.ward.queries.reminders()), [])


async def reminded_and_paid_late(world: World) -> None:
    """督促: an unpaid slip gets a reminder within twenty days of its due date; then the payer pays at the counter."""
    slip = await world.slip(due=DUE)
    await world.until(AFTER_REMINDERS, 9)
    reminder = only(await world.sandbox.ward.queries.reminders(), "reminders")
    world.claim(
        "of this slip, for all of it", (reminder.slip_number, reminder.outstanding), (slip.slip_number, slip.amount)
    )
    await world.some_days(date(2021, 9, 7))
    await world.pays(slip, Method.COUNTER)
    await world.until(date(2021, 9, 10))
    world.claim("paid", await world.outstanding(slip), 0)
    world.claim("not crossed: it was not paid when the reminder went out", reminder.crossed, False)


async def arrears_grow(world: World) -> None:
    """延滞金: ¥285,000 unpaid for 91 days at 2.5 % make ¥1,776, cut to ¥1,700; a base under ¥2,000 bears none."""
    large, small = await world.slip(amount=285_000, due=DUE), await world.slip(amount=1_900, due=DUE)
    due = granted(await world.sandbox.ward.queries.arrears(large.slip_number, date(2021, 11, 1)))
    world.tell("延滞金 arrears", f"¥{due.arrears:,} on {due.until}")
    world.claim("¥1,700 on 1 November", due.arrears, 1_700)
    later = granted(await world.sandbox.ward.queries.arrears(large.slip_number, date(2022, 3, 31)))
    world.claim("more at the second rate", later.arrears > due.arrears)
    none = granted(await world.sandbox.ward.queries.arrears(small.slip_number, date(2022, 3, 31)))
    world.claim("nothing for a small base", none.arrears, 0)


async def paid_twice_and_refunded(world: World) -> None:
    """二重納付・還付: paid at a store and in the app; nothing else is owed, so the ward refunds one payment."""
    slip = await world.slip(due=date(2021, 9, 30))
    await world.some_days(WELL_BEFORE_DUE)
    await world.pays(slip, Method.CONVENIENCE_STORE)
    await world.pays(slip, Method.CARD, world.any_card())
    await world.until(date(2021, 10, 31))
    books = (await world.sandbox.books())["ward"]
    world.claim("refunded once", [r.amount for r in books.refunds], [slip.amount])
    world.claim("one payment is left on the ward's account", await world.balance("bank_account"), slip.amount)


async def paid_twice_and_applied(world: World) -> None:
    """二重納付・充当: the payer owes another, overdue slip; the overpayment is applied to it."""
    insured = world.person()
    overdue = await world.slip(due=DUE, insured=insured)
    paid_twice = await world.slip(amount=overdue.amount, due=date(2021, 9, 30), insured=insured)
    await world.until(date(2021, 8, 5), 9)
    await world.some_days(date(2021, 8, 12))
    await world.pays(paid_twice, Method.CONVENIENCE_STORE)
    await world.pays(paid_twice, Method.INTERNET_BANKING)
    await world.until(date(2021, 10, 31))
    view = granted(await world.sandbox.ward.queries.overpayment(paid_twice.slip_number))
    uses = [(use.use, use.amount, use.to_slip) for use in view.uses]
    world.claim("applied to the overdue slip", uses, [("applied", overdue.amount, overdue.slip_number)])
    world.claim("nothing is owed any more", await world.outstanding(overdue), 0)


async def refund_lapses(world: World) -> None:
    """還付時効: paid twice, and no refund is claimed; after two years the claim lapses."""
    slip = await world.slip(due=date(2021, 9, 30))
    await world.some_days(WELL_BEFORE_DUE)
    await world.pays(slip, Method.CONVENIENCE_STORE)
    await world.pays(slip, Method.BANK_COUNTER)
    await world.until(date(2023, 7, 1))
    world.claim("still owed to the payer", await world.balance("refunds_payable"), -slip.amount)
    await world.until(date(2023, 12, 31))
    world.claim("lapsed", await world.balance("lapsed_refunds"), -slip.amount)
    world.claim("nothing is owed any more", await world.balance("refunds_payable"), 0)
