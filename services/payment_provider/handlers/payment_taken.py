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
    closes_on = await _open_day(tx)
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
            taken.append(replace(payment, closes_on=closes_on, deposit_on=timing.deposit_on(closes_on)))
            if behaviour.reverses_in is not None:
                tx.schedule(BankReversed(payment_id=payment.payment_id), tx.now + behaviour.reverses_in)
    for payment in refused:
        announce_declined(payment, tx)
    await store.save(tx.session, refused)
    await _record(taken, tx)
    await _open_closings(taken, timing, tx)


async def _open_day(tx: Transaction) -> date:
    """The day that counts a payment of now: today, or the next where today is totalled already."""
    today = business_date(tx.now)
    return today + timedelta(days=1) if await store.closed_days(tx.session, {today}) else today


def _take(payment: Payment, timing: Timing, tx: Transaction) -> Payment | None:
    return take(payment, business_date(tx.now), timing.confirm_at(tx.now), tx.now)


async def _record(taken: Sequence[Payment], tx: Transaction) -> None:
    for payment in taken:
        assert payment.confirm_at is not None, "a taken payment has its confirmation planned"
        tx.schedule(ConfirmationDue(payment_id=payment.payment_id), payment.confirm_at)
    await store.save(tx.session, taken)
    await deliver(ReceiptKind.PRELIMINARY, taken, tx)


async def _open_closings(taken: Sequence[Payment], timing: Timing, tx: Transaction) -> None:
    days = {p.closes_on: p.deposit_on for p in taken if p.closes_on is not None}
    ids = {day: tx.new_id("bank-statement", day.isoformat()) for day in days}
    rows = [{"closed_on": day, "deposit_on": days[day], "statement_id": ids[day]} for day in days]
    for day in await store.open_bank_closings(tx.session, rows) if rows else ():
        tx.schedule(BankClosingDue(statement_id=ids[day]), timing.close_at(day))
