"""速報: the money is promised, by the agent or by the bank; tell the ward the same day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from contracts.events import ProxyPaymentTakenOn
from contracts.vocabulary import DeclineReason, ReceiptKind, business_date
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.behaviour import behaviour_of
from services.payment_provider.domain.payment import Payment, PaymentStatus, decline, take
from services.payment_provider.domain.timing import Timing
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.authorization_answered import announce_declined
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.timers import BankAnswered, BankClosingDue, BankReversed, ConfirmationDue


async def take_proxy_paid(taken_on: Sequence[ProxyPaymentTakenOn], tx: Transaction, *, timing: Timing) -> None:
    """代理納付の引受 makes the payment: a receipt record is due."""
    known = await store.lock(tx.session, {t.payment_id for t in taken_on})
    taken: list[Payment] = []
    for event in taken_on:
        entrusted = payment_of(event, known)
        payment = _take(entrusted, timing, tx) if entrusted.status is PaymentStatus.ENTRUSTED else None
        if payment is not None:
            taken.append(replace(payment, closes_on=event.closes_on, deposit_on=event.deposit_on))
    await _record(taken, tx)


async def take_bank_answers(answers: Sequence[BankAnswered], tx: Transaction, *, timing: Timing) -> None:
    """The payer's bank approved, and the bank network will deposit; or it refused."""
    known = await store.lock(tx.session, {a.payment_id for a in answers})
    taken: list[Payment] = []
    refused: list[Payment] = []
    for answer in answers:
        asked = known[answer.payment_id]
        behaviour = behaviour_of(asked.bank_code or "")
        if not behaviour.approves:
            declined = decline(asked, DeclineReason.BANK_REFUSED, tx.now)
            refused.extend([declined] if declined else [])
            continue
        payment = _take(asked, timing, tx) if asked.status is PaymentStatus.AT_BANK else None
        if payment is not None:
            taken.append(payment)
            if behaviour.reverses_in is not None:
                tx.schedule(BankReversed(payment_id=payment.payment_id), tx.now + behaviour.reverses_in)
    for payment in refused:
        announce_declined(payment, tx)
    await store.save(tx.session, refused)
    await _record(await _counted(taken, timing, tx), tx)


async def _counted(taken: Sequence[Payment], timing: Timing, tx: Transaction) -> Sequence[Payment]:
    if not taken:
        return []
    day = await _open_day(timing, tx)
    return [replace(p, closes_on=day, deposit_on=timing.deposit_on(day)) for p in taken]


async def _open_day(timing: Timing, tx: Transaction) -> date:
    """The day that counts a payment of now, held open: today, or the next where that is totalled already."""
    day = business_date(tx.now)
    while True:
        closing = (await store.hold_bank_closings(tx.session, [day])).get(day)
        if closing is None:
            await _begin_day(day, timing, tx)
        elif closing.issued_at is None:
            return day
        else:
            day += timedelta(days=1)


async def _begin_day(day: date, timing: Timing, tx: Transaction) -> None:
    statement_id = tx.new_id("bank-statement", day.isoformat())
    row = {"closed_on": day, "deposit_on": timing.deposit_on(day), "statement_id": statement_id}
    if await store.add_bank_closing(tx.session, row):
        tx.schedule(BankClosingDue(statement_id=statement_id), timing.close_at(day))


def _take(payment: Payment, timing: Timing, tx: Transaction) -> Payment | None:
    return take(payment, business_date(tx.now), timing.confirm_at(tx.now), tx.now)


async def _record(taken: Sequence[Payment], tx: Transaction) -> None:
    for payment in taken:
        assert payment.confirm_at is not None, "a taken payment has its confirmation planned"
        tx.schedule(ConfirmationDue(payment_id=payment.payment_id), payment.confirm_at)
    await store.save(tx.session, taken)
    await deliver(ReceiptKind.PRELIMINARY, taken, tx)
