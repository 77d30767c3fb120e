"""収納データ登録: register each receipt record once, in whatever order they come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import compress

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind, business_date
from services.chassis.transaction import Transaction
from services.ward.domain.lapses import restore_before_cancellation
from services.ward.domain.receipts import Receipt, ReceiptBatch
from services.ward.domain.slip_accounts import Postings
from services.ward.handlers.post_to_slips import save_postings
from services.ward.handlers.settle_statements import reconsider
from services.ward.handlers.statements_expected import StatementWatch
from services.ward.store import discrepancies, lapses, receipts, slips


async def register_receipts(delivered: Sequence[ReceiptDelivered], tx: Transaction, *, watch: StatementWatch) -> None:
    """A record registered before changes nothing; one that says otherwise is recorded as a discrepancy."""
    are_new = await register(delivered, tx, watch)
    tx.repeated.extend(d for d, is_new in zip(delivered, are_new, strict=True) if not is_new)


async def leave_to_files(_delivered: Sequence[ReceiptDelivered], _tx: Transaction) -> None:
    """If receipts are registered from files alone, an event changes nothing: its record comes with the day's file."""


async def register(delivered: Sequence[ReceiptDelivered], tx: Transaction, watch: StatementWatch) -> Sequence[bool]:
    """Register records in this order, all at once: slips are locked before statements. Returns which were new."""
    known, postings = await _look(delivered, tx)
    batch = ReceiptBatch(known, postings)
    cancelled = [d.payment_id for d in delivered if d.kind is ReceiptKind.CANCELLED]
    if cancelled:
        await _restore_lapsed(cancelled, postings, tx)
    are_new = [batch.take(d.payment_id, _receipt(d, postings), business_date(d.delivered_at)) for d in delivered]
    new = [*compress(delivered, are_new)]
    await receipts.add(tx.session, new, [d.slip_number in postings for d in new], tx.now)
    await save_postings(postings, tx)
    await discrepancies.add(tx.session, batch.discrepancies, tx.now)
    await watch.begin(delivered, tx)
    await reconsider(batch.confirmed, batch.changed, tx)
    return are_new


async def _look(
    delivered: Sequence[ReceiptDelivered], tx: Transaction
) -> tuple[defaultdict[str, dict[ReceiptKind, Receipt]], Postings]:
    """The records known of these payments, and the slips that they and the new ones are about.

    Slips are locked first: then the records read are all that any replica has registered.
    """
    numbers = {d.slip_number for d in delivered}
    accounts = await slips.lock_accounts(tx.session, numbers)
    known = await receipts.records_of(tx.session, {d.payment_id for d in delivered})
    others = {r.slip_number for records in known.values() for r in records.values()} - numbers
    if others:  # a payment that contradicts itself
        accounts |= await slips.lock_accounts(tx.session, others)
    return known, Postings(accounts)


async def _restore_lapsed(cancelled: Sequence[str], postings: Postings, tx: Transaction) -> None:
    found = await lapses.of_payments(tx.session, cancelled)
    restored = [restore_before_cancellation(lapse, postings, tx.now) for lapse in found.values() if lapse.is_active]
    await lapses.save(tx.session, restored)


def _receipt(d: ReceiptDelivered, postings: Postings) -> Receipt:
    return Receipt(d.kind, d.slip_number, d.slip_number in postings, d.amount, d.settler)
