"""速報取消: the money will not come after all; the ward must take the receipt back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.events import ProxyPaymentWithdrawn
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Settler
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import TAKEN, Payment, PaymentStatus, cancel, report
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.timers import BankReversed, CancellationDue, ConfirmationDue, PreliminaryDue


async def cancel_withdrawn(withdrawn: Sequence[ProxyPaymentWithdrawn], tx: Transaction) -> None:
    """The agent withdrew a proxy payment: it will not deposit it."""
    known = await store.lock(tx.session, {w.payment_id for w in withdrawn})
    await _cancel(known, [payment_of(w, known) for w in withdrawn], tx)


async def cancel_reversed(reversed_: Sequence[BankReversed], tx: Transaction) -> None:
    """The bank took its approval back. Once its day is closed it no longer can: the network has to pay."""
    known = await store.lock(tx.session, {r.payment_id for r in reversed_})
    days = {p.closes_on for p in known.values() if p.closes_on}
    closings = await store.hold_closings(tx.session, {(Settler.BANK, day) for day in days})
    closed = {day for (_, day), closing in closings.items() if closing.issued_at is not None}
    standing = [known[r.payment_id] for r in reversed_ if known[r.payment_id].closes_on not in closed]
    await _cancel(known, standing, tx)


async def cancel_anyway(due: Sequence[CancellationDue], tx: Transaction) -> None:
    """異常: 取消 of a payment that stands, and that is deposited all the same."""
    known = await store.lock(tx.session, {t.payment_id for t in due})
    standing = [p for t in due if (p := known[t.payment_id]).status in TAKEN]
    await deliver(ReceiptKind.CANCELLED, await _not_cancelled_anyway(standing, tx), tx)


async def _cancel(known: Mapping[str, Payment], payments: Sequence[Payment], tx: Transaction) -> None:
    """Take back what the ward was told. A 速報 that is due by now goes first; of one still to come it hears nothing."""
    due = [p for p in payments if p.preliminary_at is not None and p.preliminary_at <= tx.now]
    await deliver(ReceiptKind.PRELIMINARY, [reported for p in due if (reported := report(p)) is not None], tx)
    cancelled = [(p, after) for p in payments if (after := cancel(p, tx.now)) is not None]
    fallen = [after for _, after in cancelled]
    tx.cancel(PreliminaryDue, (p.payment_id for p in fallen))
    tx.cancel(ConfirmationDue, (p.payment_id for p in fallen))
    await store.save(tx.session, known, fallen)
    told = [after for before, after in cancelled if before.status is not PaymentStatus.COLLECTED or before in due]
    await deliver(ReceiptKind.CANCELLED, await _not_cancelled_anyway(told, tx), tx)


async def _not_cancelled_anyway(payments: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """Those of which no 取消 has gone out: an anomaly may have sent one."""
    struck = [p.payment_id for p in payments if p.anomaly is ReceiptAnomaly.CANCELLED_AFTER_CONFIRMED]
    sent = await store.receipts_of(tx.session, struck) if struck else []
    cancelled = {row.payment_id for row in sent if row.kind is ReceiptKind.CANCELLED}
    return [p for p in payments if p.payment_id not in cancelled]
