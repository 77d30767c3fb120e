"""速報: a payment is made once its agent accepts it or its bank approves it; report it to the ward as agreed."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ProxyPaymentAccepted
from contracts.vocabulary import DeclineReason, Method, ReceiptKind
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.behaviour import behaviour_of
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.payment import Payment, PaymentStatus, collect, decline
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.authorization_answered import announce_declined
from services.payment_provider.handlers.count_in import count_in
from services.payment_provider.handlers.receipt_data import begin_reporting, deliver
from services.payment_provider.handlers.strike_anomalies import strike_named, strike_next
from services.payment_provider.store import payments
from services.payment_provider.timers import BankAnswered, BankReversed


async def collect_accepted(accepted: Sequence[ProxyPaymentAccepted], tx: Transaction, *, channels: Channels) -> None:
    """代理納付の引受: the agent owes the money, by the closing that its event names."""
    known, anomaly_waits = await payments.lock_for_collection(tx.session, subjects(accepted))
    steps, times = Steps(known, tx), channels.report_times(Method.CARD, tx.now, tx.now)
    for event in accepted:
        entrusted = payment_of(event, steps)
        collected = collect(entrusted, times, tx.now) if entrusted.status is PaymentStatus.ENTRUSTED else None
        counted = collected and collected._replace(closes_on=event.closes_on, deposit_on=event.deposit_on)
        steps.take(event, counted, repeated=entrusted.paid_at is not None)
    await _begin_reporting(list(steps.changed.values()), steps, anomaly_waits, tx)
    await payments.save(tx.session, steps)


async def collect_bank_approved(answers: Sequence[BankAnswered], tx: Transaction, *, channels: Channels) -> None:
    """The payer's bank approved, and the bank network owes the money; or it refused, and the payment ends."""
    known, anomaly_waits = await payments.lock_for_collection(tx.session, subjects(answers))
    steps, times = Steps(known, tx), channels.report_times(Method.INTERNET_BANKING, tx.now, tx.now)
    approved: list[Payment] = []
    for answer in answers:
        asked = steps[answer.payment_id]
        behaviour = behaviour_of(asked.bank_code or "")
        if not behaviour.approves:
            refused = steps.take(answer, decline(asked, DeclineReason.BANK_REFUSED, tx.now))
            if refused is not None:
                announce_declined(refused, tx)
            continue
        collected = collect(asked, times, tx.now) if asked.status is PaymentStatus.AT_BANK else None
        if collected is not None:
            approved.append(collected)
            if behaviour.reverses_in is not None:
                tx.schedule(BankReversed(payment_id=asked.payment_id), tx.now + behaviour.reverses_in)
    counted = await count_in(approved, channels, tx) if approved else []
    await _begin_reporting(counted, steps, anomaly_waits, tx)
    await payments.save(tx.session, steps)


async def _begin_reporting(
    collected: Sequence[Payment], steps: Steps[Payment], anomaly_waits: bool, tx: Transaction
) -> None:
    struck = await strike_next(collected, tx) if anomaly_waits else strike_named(collected)
    begun = [steps.put(payment.payment_id, payment) for payment in begin_reporting(struck, tx)]
    await deliver(ReceiptKind.PRELIMINARY, [p for p in begun if p.status is PaymentStatus.PAID], tx)
