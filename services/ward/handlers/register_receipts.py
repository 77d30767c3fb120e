"""収納データ登録: register each receipt record once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind, business_date
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.ledger import Entry
from services.ward.domain.overpayments import A_MOMENT
from services.ward.domain.receipts import Discrepancy, Receipt, SlipAccount, register
from services.ward.handlers.review_deeming import forget_lapses
from services.ward.handlers.settle_statements import reconsider
from services.ward.handlers.statements_expected import StatementWatch
from services.ward.timers import SlipBalanceChanged

Slips = Mapping[str, SlipAccount]


async def register_receipts(delivered: Sequence[ReceiptDelivered], tx: Transaction, *, watch: StatementWatch) -> None:
    """Two reads, one decision a record, one write a table; statements are looked at where a record may change them."""
    slips, known = await _look(delivered, tx)
    new: list[ReceiptDelivered] = []
    slips_known: list[bool] = []
    entries: list[Entry] = []
    discrepancies: list[Discrepancy] = []
    changed: dict[str, SlipAccount] = {}
    confirmed: list[str] = []
    upset: list[str] = []
    cancelled = {d.payment_id for d in delivered if d.kind is ReceiptKind.CANCELLED}
    if cancelled:
        changed |= await forget_lapses(cancelled, slips, tx)
    for d in delivered:
        records = known[d.payment_id]
        was_known = bool(records)
        receipt = Receipt(d.kind, d.slip_number, d.slip_number in slips, d.amount, d.settler)
        registered = register(d.payment_id, receipt, records, slips)
        discrepancies += registered.discrepancies
        if not registered.is_new:
            tx.repeated.append(d)
            continue
        new.append(d)
        slips_known.append(receipt.slip_known)
        if registered.transfers:
            source = f"receipt/{d.payment_id}/{d.kind}"
            entries.append(Entry(source, business_date(d.delivered_at), registered.transfers))
            for number in registered.slips:
                changed[number] = slips[number]
            for number in registered.upset:
                tx.schedule(SlipBalanceChanged(slip_number=number, cause=source), tx.now + A_MOMENT)
        if d.kind is ReceiptKind.CONFIRMED:
            confirmed.append(d.payment_id)
        elif was_known or d.kind is ReceiptKind.CANCELLED:
            upset.append(d.payment_id)
    await store.add_receipts(tx.session, new, slips_known, tx.now)
    await store.book(tx.session, entries, tx.now)
    await store.save_slip_accounts(tx.session, changed)
    await store.add_discrepancies(tx.session, discrepancies, tx.now)
    await watch.begin(delivered, tx)
    await reconsider(confirmed, upset, tx)


async def leave_to_files(_delivered: Sequence[ReceiptDelivered], _tx: Transaction) -> None:
    """Where receipts arrive by file alone, an event changes nothing: the same record comes with its day's file."""


async def _look(
    delivered: Sequence[ReceiptDelivered], tx: Transaction
) -> tuple[dict[str, SlipAccount], Mapping[str, dict[ReceiptKind, Receipt]]]:
    """The slips that these records, or earlier ones of the same payments, are about; and those earlier ones.

    Slips are locked first: what another replica registers of the same payments meanwhile is seen then.
    """
    numbers = {d.slip_number for d in delivered}
    slips = await store.lock_slip_accounts(tx.session, numbers)
    known = await store.records_of(tx.session, {d.payment_id for d in delivered})
    others = {r.slip_number for records in known.values() for r in records.values()} - numbers
    if others:  # a payment that contradicts itself
        slips |= await store.lock_slip_accounts(tx.session, others)
    return slips, known
