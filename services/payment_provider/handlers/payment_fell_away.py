"""速報取消: the money will not come; the ward has to reverse the receipt."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ProxyPaymentWithdrawn
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Settler
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import STANDING, Payment, PaymentStatus, cancel, report
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.store import closings, payments, receipts
from services.payment_provider.timers import BankReversed, CancellationDue, ConfirmationDue, PreliminaryDue


async def cancel_withdrawn(withdrawn: Sequence[ProxyPaymentWithdrawn], tx: Transaction) -> None:
    """The agent withdrew a proxy payment: it will not deposit it."""
    steps = Steps(await payments.lock(tx.session, subjects(withdrawn)), tx)
    await _cancel([payment_of(w, steps) for w in withdrawn], steps, tx)


async def cancel_reversed(reversed_: Sequence[BankReversed], tx: Transaction) -> None:
    """The bank cancelled its approval. Once the payment's day is totalled it cannot: the network has to pay."""
    steps = Steps(await payments.lock(tx.session, subjects(reversed_)), tx)
    days = {p.closes_on for p in steps.values() if p.closes_on}
    held = await closings.hold(tx.session, {(Settler.BANK, day) for day in days})
    totalled = {day for (_, day), closing in held.items() if closing.issued_at is not None}
    asked = [steps[r.payment_id] for r in reversed_]
    await _cancel([p for p in asked if p.closes_on not in totalled], steps, tx)


async def cancel_anyway(due: Sequence[CancellationDue], tx: Transaction) -> None:
    """異常: send 取消 of a payment that stands, and whose money is deposited."""
    known = await payments.lock(tx.session, subjects(due))
    standing = [p for t in due if (p := known[t.payment_id]).status in STANDING]
    await deliver(ReceiptKind.CANCELLED, await _without_cancellation(standing, tx), tx)


async def _cancel(falling_away: Sequence[Payment], steps: Steps[Payment], tx: Transaction) -> None:
    """取消 of payments reported to the ward. A 速報 due by now is delivered first; one still to come never is."""
    due = [p for p in falling_away if p.preliminary_at is not None and p.preliminary_at <= tx.now]
    await deliver(ReceiptKind.PRELIMINARY, [r for p in due if (r := report(p)) is not None], tx)
    reported: list[Payment] = []
    for payment in falling_away:
        cancelled = cancel(payment, tx.now)
        if cancelled is not None:
            steps.put(payment.payment_id, cancelled)
            if payment.status is not PaymentStatus.COLLECTED or payment in due:
                reported.append(cancelled)
    tx.cancel(PreliminaryDue, steps.changed)
    tx.cancel(ConfirmationDue, steps.changed)
    await payments.save(tx.session, steps)
    await deliver(ReceiptKind.CANCELLED, await _without_cancellation(reported, tx), tx)


async def _without_cancellation(reported: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """Those of which no 取消 was delivered: an anomaly may have sent one."""
    struck = [p.payment_id for p in reported if p.anomaly is ReceiptAnomaly.CANCELLED_AFTER_CONFIRMED]
    delivered = await receipts.of_payments(tx.session, struck) if struck else []
    cancelled = {receipt.payment_id for receipt in delivered if receipt.kind is ReceiptKind.CANCELLED}
    return [p for p in reported if p.payment_id not in cancelled]
