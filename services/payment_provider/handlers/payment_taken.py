"""速報: the money is promised, by the agent or by the bank; tell the ward as is agreed, the same day or later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.events import ProxyPaymentAccepted
from contracts.vocabulary import DeclineReason, Method, ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.behaviour import behaviour_of
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.payment import Payment, PaymentStatus, decline, take
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.authorization_answered import announce_declined
from services.payment_provider.handlers.count_in import count_in
from services.payment_provider.handlers.receipt_data import begin_reporting, deliver
from services.payment_provider.handlers.strike_anomalies import strike_named, strike_next
from services.payment_provider.timers import BankAnswered, BankReversed


async def take_proxy_paid(accepted: Sequence[ProxyPaymentAccepted], tx: Transaction, *, channels: Channels) -> None:
    """代理納付の引受 makes the payment: a receipt record is due."""
    known, anomaly_waits = await store.lock_to_take(tx.session, {t.payment_id for t in accepted})
    plan = channels.plan(Method.CARD, tx.now, tx.now)
    stand, taken = dict(known), list[Payment]()
    for event in accepted:
        entrusted = payment_of(event, stand)
        payment = take(entrusted, plan, tx.now) if entrusted.status is PaymentStatus.ENTRUSTED else None
        if payment is not None:
            stand[payment.payment_id] = payment
            taken.append(payment._replace(closes_on=event.closes_on, deposit_on=event.deposit_on))
        elif entrusted.paid_at is not None:
            tx.repeated.append(event)
    await _record(known, taken, anomaly_waits, tx)


async def take_bank_answers(answers: Sequence[BankAnswered], tx: Transaction, *, channels: Channels) -> None:
    """The payer's bank approved, and the bank network will deposit; or it refused."""
    known, anomaly_waits = await store.lock_to_take(tx.session, {a.payment_id for a in answers})
    plan = channels.plan(Method.INTERNET_BANKING, tx.now, tx.now)
    taken: list[Payment] = []
    refused: list[Payment] = []
    for answer in answers:
        asked = known[answer.payment_id]
        behaviour = behaviour_of(asked.bank_code or "")
        if not behaviour.approves:
            declined = decline(asked, DeclineReason.BANK_REFUSED, tx.now)
            refused.extend([declined] if declined else [])
            continue
        payment = take(asked, plan, tx.now) if asked.status is PaymentStatus.AT_BANK else None
        if payment is not None:
            taken.append(payment)
            if behaviour.reverses_in is not None:
                tx.schedule(BankReversed(payment_id=payment.payment_id), tx.now + behaviour.reverses_in)
    for payment in refused:
        announce_declined(payment, tx)
    await store.save(tx.session, known, refused)
    await _record(known, await count_in(taken, channels, tx) if taken else [], anomaly_waits, tx)


async def _record(known: Mapping[str, Payment], taken: Sequence[Payment], anomaly_waits: bool, tx: Transaction) -> None:
    begun = begin_reporting(await strike_next(taken, tx) if anomaly_waits else strike_named(taken), tx)
    await store.save(tx.session, known, begun)
    await deliver(ReceiptKind.PRELIMINARY, [p for p in begun if p.status is PaymentStatus.PAID], tx)
