"""Scenarios of payments in the app: by card, by internet banking, and payments that do not go through."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import BANK_CALENDAR
from contracts.http.card_agent.payments import WithdrawalRequest
from contracts.http.ward.slips import ReissueRequest
from contracts.vocabulary import Agent, Method, Refusal
from services.console.scenarios.world import JCB_CARD, MASTERCARD, VISA, World, granted

EXPIRED = ("4000000000000010", "5200000000000015", "3530000000000011")
OVER_LIMIT = ("4000000000000028", "5200000000000023", "3530000000000029")
SILENT = ("4000000000000051", "5200000000000056", "3530000000000052")
LATE = ("4000000000000069", "5200000000000064", "3530000000000060")
"""Test cards: a VISA, a Mastercard and a JCB card each."""
LAST_BEFORE_CLOSING, DEPOSITED = date(2021, 7, 9), date(2021, 7, 26)
"""UC closes on 10 July 2021 and deposits on the 26th."""


async def card_payment(world: World) -> None:
    """A slip is paid by card: 速報 the same day, 確報 three business days later, the deposit after the closing."""
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD)
    world.claim("the ward knows the same day", await world.outstanding(slip), 0)
    await world.until(_confirmed(day))
    world.claim("confirmed three business days later", await world.records(payment), _told(day))
    world.claim("no money has come yet", await world.deposited(), {})
    await world.until(DEPOSITED)
    world.claim("deposited nine business days after the closing", await world.deposited(), {"2021-07-26": slip.amount})
    await world.claim_all_is_settled()


async def two_agents_settle_apart(world: World) -> None:
    """VISA and Mastercard go to UC, a JCB card to JCB: each agent closes and deposits by its own terms."""
    by_uc = [await world.slip(), await world.slip()]
    by_jcb = await world.slip()
    for slip, card in zip((*by_uc, by_jcb), (VISA, MASTERCARD, JCB_CARD), strict=True):
        await world.some_days(LAST_BEFORE_CLOSING)
        await world.pays(slip, Method.CARD, card)
    await world.until(date(2021, 9, 30))
    statements = (await world.sandbox.books())["ward"].statements
    totals = {s.settler: (s.payments, s.amount) for s in statements}
    wanted = {"uc": (2, sum(slip.amount for slip in by_uc)), "jcb": (1, by_jcb.amount)}
    world.claim("each agent states its own payments", totals, wanted)
    await world.claim_all_is_settled()


async def internet_banking(world: World) -> None:
    """A slip is paid by internet banking: no card agent, and the bank network deposits within two business days."""
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.INTERNET_BANKING)
    await world.until(_confirmed(day))
    world.claim("confirmed three business days later", await world.records(payment), _told(day))
    world.claim("deposited by the bank network", await world.deposited(), _by_the_bank(day, slip.amount))
    await world.claim_all_is_settled()


async def declined_card_then_bank(world: World) -> None:
    """A card over its limit is declined; the slip is free again, and is paid by internet banking."""
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    declined = await world.pays(slip, Method.CARD, world.one_of(OVER_LIMIT))
    world.claim("the card was declined", await world.status(declined), "declined")
    world.claim("the slip is still owed", await world.outstanding(slip), slip.amount)
    await world.pays(slip, Method.INTERNET_BANKING)
    await world.until(DEPOSITED)
    world.claim("paid once", await world.deposited(), _by_the_bank(day, slip.amount))
    await world.claim_all_is_settled()


async def expired_card(world: World) -> None:
    """An expired card is declined: the ward is sent nothing, and nothing is to be settled."""
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    declined = await world.pays(slip, Method.CARD, world.one_of(EXPIRED))
    await world.until(DEPOSITED)
    world.claim("declined", await world.status(declined), "declined")
    world.claim("no receipt", await world.records(declined), [])
    world.claim("still owed", await world.outstanding(slip), slip.amount)
    await world.claim_all_is_settled()


async def card_company_silent(world: World) -> None:
    """The card company never answers: after its deadline the payment ends, and the slip is free again."""
    slip = await world.slip()
    day = await world.some_days(date(2021, 7, 8))
    silent = await world.pays(slip, Method.CARD, world.one_of(SILENT))
    world.claim("waits for the card company", await world.status(silent), "authorizing")
    await world.until(day + timedelta(days=1), 9)
    world.claim("given up", await world.status(silent), "declined")
    await world.pays(slip, Method.CARD)
    await world.until(DEPOSITED)
    world.claim("paid once", await world.deposited(), {"2021-07-26": slip.amount})
    await world.claim_all_is_settled()


async def late_approval(world: World) -> None:
    """The card company approves after the deadline: the approval is reversed, and no money moves."""
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    late = await world.pays(slip, Method.CARD, world.one_of(LATE))
    await world.until(DEPOSITED)
    world.claim("the payment had ended", await world.status(late), "declined")
    world.claim("no receipt", await world.records(late), [])
    world.claim("no deposit", await world.deposited(), {})
    await world.claim_all_is_settled()


async def sale_revoked(world: World) -> None:
    """速報取消: the card company revokes the sale before the closing; the receipt is cancelled, the debt due again."""
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD)
    world.claim("registered as paid", await world.outstanding(slip), 0)
    granted(await world.sandbox.agents[Agent.UC].commands.withdraw(WithdrawalRequest(payment_id=payment)))
    await world.sandbox.settle()
    world.tell("取下げ sale revoked", "by the card company")
    world.claim("cancelled", [kind for kind, _ in await world.records(payment)], ["01", "03"])
    world.claim("owed again", await world.outstanding(slip), slip.amount)
    await world.until(DEPOSITED)
    world.claim("no deposit", await world.deposited(), {})
    await world.claim_all_is_settled()


async def slip_scanned_twice(world: World) -> None:
    """The app takes a slip once: a second scan is refused as already paid."""
    slip = await world.slip()
    await world.some_days(LAST_BEFORE_CLOSING)
    await world.pays(slip, Method.CARD)
    again = await world.tries(slip, Method.INTERNET_BANKING)
    world.claim("refused", again.code if isinstance(again, Refusal) else again, "slip_already_paid")
    await world.until(DEPOSITED)
    world.claim("paid once", await world.deposited(), {"2021-07-26": slip.amount})
    await world.claim_all_is_settled()


async def reissued_slip(world: World) -> None:
    """再発行: a lost slip is reissued and paid with the new paper; the old paper is then refused."""
    old = await world.slip()
    new = granted(await world.sandbox.ward.commands.reissue_slip(ReissueRequest(slip_number=old.slip_number)))
    world.tell("再発行 slip reissued", f"slip {new.slip_number}")
    world.claim("another barcode for the same debt", new.barcode != old.barcode and new.amount == old.amount)
    await world.some_days(LAST_BEFORE_CLOSING)
    await world.pays(new, Method.CARD)
    again = await world.tries(old, Method.CARD, world.any_card())
    world.claim("the old paper is refused", isinstance(again, Refusal))
    await world.until(DEPOSITED)
    world.claim("paid once", await world.deposited(), {"2021-07-26": old.amount})
    await world.claim_all_is_settled()


async def slip_past_its_use_by_date(world: World) -> None:
    """支払期限経過: past its use-by date app and stores refuse it; a bank counter takes it."""
    slip = await world.slip()
    past = (slip.use_by or slip.due_on) + timedelta(days=1)
    world.claim("there is a use-by date", slip.use_by is not None)
    await world.until(BANK_CALENDAR.next_open(past), 10)
    for method in (Method.CARD, Method.CONVENIENCE_STORE):
        refused = await world.tries(slip, method)
        world.claim(f"{method.value} refused", isinstance(refused, Refusal))
    await world.pays(slip, Method.BANK_COUNTER)
    await world.until(past + timedelta(days=30))
    world.claim("paid at the bank", await world.outstanding(slip), 0)
    await world.claim_all_is_settled()


async def over_the_limit_of_a_barcode(world: World) -> None:
    """Above ¥300,000 no barcode is printed: convenience stores refuse the slip, a bank's counter takes it."""
    slip = await world.slip(amount=300_000 + world.yen())
    world.claim("no barcode", slip.barcode, None)
    refused = await world.tries(slip, Method.CONVENIENCE_STORE)
    world.claim("refused", refused.code if isinstance(refused, Refusal) else refused, "collection_needs_barcode")
    await world.pays(slip, Method.BANK_COUNTER)
    await world.until(DEPOSITED)
    world.claim("paid at the bank", await world.outstanding(slip), 0)
    await world.claim_all_is_settled()


async def year_end(world: World) -> None:
    """年末年始: paid in the last days of the year, closed with the month, deposited after the banks' holidays."""
    slip = await world.slip(due=date(2022, 1, 4))
    day = await world.some_days(date(2021, 12, 31))
    payment = await world.pays(slip, Method.CARD)
    await world.until(date(2022, 1, 31))
    world.claim("確報 after the holidays", await world.records(payment), _told(day))
    world.claim("deposited on 17 January", await world.deposited(), {"2022-01-17": slip.amount})
    await world.claim_all_is_settled()


def _confirmed(paid: date) -> date:
    return BANK_CALENDAR.add(paid, 3)


def _told(paid: date) -> list[tuple[str, str]]:
    return [("01", str(paid)), ("02", str(_confirmed(paid)))]


def _by_the_bank(paid: date, amount: int) -> dict[str, int]:
    return {str(BANK_CALENDAR.add(paid, 2)): amount}
