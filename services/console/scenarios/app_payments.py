"""Scenarios of payments in the app: by card, by internet banking, and what becomes of those that do not go through."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import BANK_CALENDAR
from contracts.http.card_agent.payments import WithdrawalRequest
from contracts.http.ward.slips import ReissueRequest
from contracts.vocabulary import Agent, Method, Refusal
from services.console.scenarios.stage import JCB_CARD, MASTERCARD, VISA, Stage, granted

EXPIRED = ("4000000000000010", "5200000000000015", "3530000000000011")
OVER_LIMIT = ("4000000000000028", "5200000000000023", "3530000000000029")
SILENT = ("4000000000000051", "5200000000000056", "3530000000000052")
LATE = ("4000000000000069", "5200000000000064", "3530000000000060")
"""Test cards: a VISA, a Mastercard and a JCB card each."""
LAST_BEFORE_CLOSING, DEPOSITED = date(2021, 7, 9), date(2021, 7, 26)
"""UC closes on 10 July 2021, and deposits on the 26th."""


async def card_payment(stage: Stage) -> None:
    """A slip is paid by card: 速報 the same day, 確報 three business days later, the deposit after the closing."""
    slip = await stage.slip()
    day = await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD)
    stage.claim("the ward knows the same day", await stage.outstanding(slip), 0)
    await stage.until(_confirmed(day))
    stage.claim("confirmed three business days later", await stage.records(payment), _told(day))
    stage.claim("no money has come yet", await stage.deposited(), {})
    await stage.until(DEPOSITED)
    stage.claim("deposited nine business days after the closing", await stage.deposited(), {"2021-07-26": slip.amount})
    await stage.claim_all_is_settled()


async def two_agents_settle_apart(stage: Stage) -> None:
    """VISA and Mastercard go to UC, a JCB card to JCB: each agent closes on its own days and deposits by itself."""
    by_uc = [await stage.slip(), await stage.slip()]
    by_jcb = await stage.slip()
    for slip, card in zip((*by_uc, by_jcb), (VISA, MASTERCARD, JCB_CARD), strict=True):
        await stage.some_days(LAST_BEFORE_CLOSING)
        await stage.pays(slip, Method.CARD, card)
    await stage.until(date(2021, 9, 30))
    statements = (await stage.sandbox.books())["ward"].statements
    totals = {s.settler: (s.payments, s.amount) for s in statements}
    wanted = {"uc": (2, sum(slip.amount for slip in by_uc)), "jcb": (1, by_jcb.amount)}
    stage.claim("each agent states its own payments", totals, wanted)
    await stage.claim_all_is_settled()


async def internet_banking(stage: Stage) -> None:
    """A slip is paid by internet banking: no card agent, and the bank network deposits within two business days."""
    slip = await stage.slip()
    day = await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.INTERNET_BANKING)
    await stage.until(_confirmed(day))
    stage.claim("confirmed three business days later", await stage.records(payment), _told(day))
    stage.claim("deposited by the bank network", await stage.deposited(), _by_the_bank(day, slip.amount))
    await stage.claim_all_is_settled()


async def declined_card_then_bank(stage: Stage) -> None:
    """A card over its limit is declined; the slip is free again, and the payer's bank pays it."""
    slip = await stage.slip()
    day = await stage.some_days(LAST_BEFORE_CLOSING)
    declined = await stage.pays(slip, Method.CARD, stage.one_of(OVER_LIMIT))
    stage.claim("the card was declined", await stage.status(declined), "declined")
    stage.claim("the slip is still owed", await stage.outstanding(slip), slip.amount)
    await stage.pays(slip, Method.INTERNET_BANKING)
    await stage.until(DEPOSITED)
    stage.claim("paid once", await stage.deposited(), _by_the_bank(day, slip.amount))
    await stage.claim_all_is_settled()


async def expired_card(stage: Stage) -> None:
    """An expired card is declined: the ward never hears of it, and nobody owes anybody anything."""
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    declined = await stage.pays(slip, Method.CARD, stage.one_of(EXPIRED))
    await stage.until(DEPOSITED)
    stage.claim("declined", await stage.status(declined), "declined")
    stage.claim("no receipt", await stage.records(declined), [])
    stage.claim("still owed", await stage.outstanding(slip), slip.amount)
    await stage.claim_all_is_settled()


async def card_company_silent(stage: Stage) -> None:
    """The card company never answers: after its deadline the payment ends, and the slip is free again."""
    slip = await stage.slip()
    day = await stage.some_days(date(2021, 7, 8))
    silent = await stage.pays(slip, Method.CARD, stage.one_of(SILENT))
    stage.claim("waits for the card company", await stage.status(silent), "authorizing")
    await stage.until(day + timedelta(days=1), 9)
    stage.claim("given up", await stage.status(silent), "declined")
    await stage.pays(slip, Method.CARD)
    await stage.until(DEPOSITED)
    stage.claim("paid once", await stage.deposited(), {"2021-07-26": slip.amount})
    await stage.claim_all_is_settled()


async def late_approval(stage: Stage) -> None:
    """The card company approves after the deadline: the approval is reversed, and no money is ever touched."""
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    late = await stage.pays(slip, Method.CARD, stage.one_of(LATE))
    await stage.until(DEPOSITED)
    stage.claim("the payment had ended", await stage.status(late), "declined")
    stage.claim("no receipt", await stage.records(late), [])
    stage.claim("no deposit", await stage.deposited(), {})
    await stage.claim_all_is_settled()


async def sale_revoked(stage: Stage) -> None:
    """速報取消: the card company revokes the sale before the closing; the receipt is cancelled and the debt is back."""
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    payment = await stage.pays(slip, Method.CARD)
    stage.claim("registered as paid", await stage.outstanding(slip), 0)
    granted(await stage.sandbox.agents[Agent.UC].commands.withdraw(WithdrawalRequest(payment_id=payment)))
    await stage.sandbox.settle()
    stage.tell("取下げ sale revoked", "by the card company")
    stage.claim("cancelled", [kind for kind, _ in await stage.records(payment)], ["01", "03"])
    stage.claim("owed again", await stage.outstanding(slip), slip.amount)
    await stage.until(DEPOSITED)
    stage.claim("no deposit", await stage.deposited(), {})
    await stage.claim_all_is_settled()


async def slip_scanned_twice(stage: Stage) -> None:
    """The app takes a slip once: the second payer is told that it is paid."""
    slip = await stage.slip()
    await stage.some_days(LAST_BEFORE_CLOSING)
    await stage.pays(slip, Method.CARD)
    again = await stage.tries(slip, Method.INTERNET_BANKING)
    stage.claim("refused", again.code if isinstance(again, Refusal) else again, "slip_already_paid")
    await stage.until(DEPOSITED)
    stage.claim("paid once", await stage.deposited(), {"2021-07-26": slip.amount})
    await stage.claim_all_is_settled()


async def reissued_slip(stage: Stage) -> None:
    """再発行: a slip is lost and reissued; paid on the new paper, the old one is not taken any more."""
    old = await stage.slip()
    new = granted(await stage.sandbox.ward.commands.reissue_slip(ReissueRequest(slip_number=old.slip_number)))
    stage.tell("再発行 slip reissued", f"slip {new.slip_number}")
    stage.claim("another barcode for the same debt", new.barcode != old.barcode and new.amount == old.amount)
    await stage.some_days(LAST_BEFORE_CLOSING)
    await stage.pays(new, Method.CARD)
    again = await stage.tries(old, Method.CARD, stage.any_card())
    stage.claim("the old paper is refused", isinstance(again, Refusal))
    await stage.until(DEPOSITED)
    stage.claim("paid once", await stage.deposited(), {"2021-07-26": old.amount})
    await stage.claim_all_is_settled()


async def slip_past_its_use_by_date(stage: Stage) -> None:
    """支払期限経過: past its use-by date the app and the shops take a slip no more; a bank's counter does."""
    slip = await stage.slip()
    past = (slip.use_by or slip.due_on) + timedelta(days=1)
    stage.claim("there is a use-by date", slip.use_by is not None)
    await stage.until(BANK_CALENDAR.next_open(past), 10)
    for method in (Method.CARD, Method.CONVENIENCE_STORE):
        refused = await stage.tries(slip, method)
        stage.claim(f"{method.value} refused", isinstance(refused, Refusal))
    await stage.pays(slip, Method.BANK_COUNTER)
    await stage.until(past + timedelta(days=30))
    stage.claim("paid at the bank", await stage.outstanding(slip), 0)
    await stage.claim_all_is_settled()


async def over_the_limit_of_a_barcode(stage: Stage) -> None:
    """Above ¥300,000 no barcode is printed: the shops refuse the slip, a bank's counter takes it."""
    slip = await stage.slip(amount=300_000 + stage.yen())
    stage.claim("no barcode", slip.barcode, None)
    refused = await stage.tries(slip, Method.CONVENIENCE_STORE)
    stage.claim("refused", refused.code if isinstance(refused, Refusal) else refused, "collection_needs_barcode")
    await stage.pays(slip, Method.BANK_COUNTER)
    await stage.until(DEPOSITED)
    stage.claim("paid at the bank", await stage.outstanding(slip), 0)
    await stage.claim_all_is_settled()


async def year_end(stage: Stage) -> None:
    """年末年始: paid in the last days of the year, closed with the month, deposited after the banks' holidays."""
    slip = await stage.slip(due=date(2022, 1, 4))
    day = await stage.some_days(date(2021, 12, 31))
    payment = await stage.pays(slip, Method.CARD)
    await stage.until(date(2022, 1, 31))
    stage.claim("確報 after the holidays", await stage.records(payment), _told(day))
    stage.claim("deposited on 17 January", await stage.deposited(), {"2022-01-17": slip.amount})
    await stage.claim_all_is_settled()


def _confirmed(paid: date) -> date:
    return BANK_CALENDAR.add(paid, 3)


def _told(paid: date) -> list[tuple[str, str]]:
    return [("01", str(paid)), ("02", str(_confirmed(paid)))]


def _by_the_bank(paid: date, amount: int) -> dict[str, int]:
    return {str(BANK_CALENDAR.add(paid, 2)): amount}
