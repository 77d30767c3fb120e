"""速報取消: the money will not come after all; the ward must take the receipt back."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ProxyPaymentWithdrawn
from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import Payment, cancel
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.timers import BankReversed, ConfirmationDue


async def cancel_withdrawn(withdrawn: Sequence[ProxyPaymentWithdrawn], tx: Transaction) -> None:
    """The agent withdrew a proxy payment: it will not deposit it."""
    known = await store.lock(tx.session, {w.payment_id for w in withdrawn})
    await _cancel([p for w in withdrawn if (p := cancel(payment_of(w, known), tx.now)) is not None], tx)


async def cancel_reversed(reversed_: Sequence[BankReversed], tx: Transaction) -> None:
    """The bank took its approval back. Once its day is closed it no longer can: the network has to pay."""
    known = await store.lock(tx.session, {r.payment_id for r in reversed_})
    closings = await store.hold_bank_closings(tx.session, {p.closes_on for p in known.values() if p.closes_on})
    closed = {day for day, closing in closings.items() if closing.issued_at is not None}
    standing = [known[r.payment_id] for r in reversed_ if known[r.payment_id].closes_on not in closed]
    await _cancel([p for s in standing if (p := cancel(s, tx.now)) is not None], tx)


async def _cancel(cancelled: Sequence[Payment], tx: Transaction) -> None:
    tx.cancel(ConfirmationDue, (p.payment_id for p in cancelled))
    await store.save(tx.session, cancelled)
    await deliver(ReceiptKind.CANCELLED, cancelled, tx)
