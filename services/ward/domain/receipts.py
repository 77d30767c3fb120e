"""The bookings for a payment, from the set of receipt records (収納データ) known of it.

速報 posts; 確報 posts if 速報 has not come; 取消 takes back exactly what was posted, and prevents posting if it comes
first. So the result is a function of the *set* of records: the order in which they come does not matter.
Amount, slip and settler of the earliest kind stand; a later kind that says otherwise is a discrepancy (不一致).

Booked: in_transit_<settler> debit, premium_receivable credit, for the whole receipt; then the part that exceeds what
the slip owes moves from premium_receivable to overpayments (過誤納), and back when another receipt of the slip is
cancelled. So for each slip, with `received` the yen that count towards it (its standing receipts and amounts applied,
less amounts used of its overpayment):
receivable = max(0, amount − received), overpayments = max(0, received − amount).
A receipt of a slip that the ward has not issued is credited to unknown_receipts (不明入金).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from contracts.vocabulary import ReceiptKind, Settler
from services.ward.domain.ledger import IN_TRANSIT, Account, Transfer, transfer
from services.ward.domain.slip_accounts import Postings

JAPANESE: Final[Mapping[ReceiptKind, str]] = {
    ReceiptKind.PRELIMINARY: "速報",
    ReceiptKind.CONFIRMED: "確報",
    ReceiptKind.CANCELLED: "取消",
}


CANCELLED_AFTER_CONFIRMED: Final = "cancelled_after_confirmed"
"""確報後取消: a discrepancy that is closed by a decision about the money, which may still come."""


class Receipt(NamedTuple):
    """One receipt record, as registered. A payment has at most one of each kind."""

    kind: ReceiptKind
    slip_number: str
    slip_known: bool
    """Whether the ward had issued the slip when this record was registered."""
    amount: int
    settler: Settler

    @property
    def posting(self) -> tuple[str, bool, int, Settler]:
        """All fields that the booking depends on."""
        return self.slip_number, self.slip_known, self.amount, self.settler


Records = Mapping[ReceiptKind, Receipt]
"""All records known of one payment."""


class Discrepancy(NamedTuple):
    """不一致: records that contradict each other. Both are recorded, and the ward's staff must decide."""

    kind: str
    subject: str
    """The payment or statement concerned."""
    about: str
    """Which records, e.g. 01/02; there is one discrepancy of a kind about the same records."""
    amount: int
    detail: str


def standing(records: Records) -> Receipt | None:
    """The record that counts; None if the payment was cancelled or has no other record."""
    if ReceiptKind.CANCELLED in records:
        return None
    return records.get(ReceiptKind.PRELIMINARY) or records.get(ReceiptKind.CONFIRMED)


class ReceiptBatch:
    """Registers receipt records one after the other. What they book goes to `postings`, which has the accounts of all
    slips that these records, and the records `known` of the same payments, are about."""

    def __init__(self, known: Mapping[str, dict[ReceiptKind, Receipt]], postings: Postings) -> None:
        self._known, self._postings = known, postings
        self.discrepancies: list[Discrepancy] = []
        self.confirmed: list[str] = []
        """Payments of which 確報 has come: that can only help a statement to agree."""
        self.changed: list[str] = []
        """Payments whose records now say otherwise: 取消, or 速報 after another record. That can also undo a
        reconciliation."""

    def take(self, payment_id: str, record: Receipt, delivered_on: date) -> bool:
        """Register one record; False if one of its kind is registered already.

        Raises `ValueError` for an amount that no receipt can have.
        """
        if record.amount <= 0:
            raise ValueError(f"the amount of a receipt must be above 0 yen, not {record.amount}")
        records, before = self._known[payment_id], None
        is_first = not records
        if not is_first:
            earlier = records.get(record.kind)
            if earlier is not None:
                self.discrepancies += _repeated(payment_id, earlier, record)
                return False
            before = standing(records)
            self.discrepancies += _contradictions(payment_id, records.values(), record)
        records[record.kind] = record
        after = standing(records)
        if before is None or after is None or before.posting != after.posting:
            transfers = (*self._posted(payment_id, before, -1), *self._posted(payment_id, after, 1))
            self._postings.book(f"receipt/{payment_id}/{record.kind}", delivered_on, transfers)
        if record.kind is ReceiptKind.CONFIRMED:
            self.confirmed.append(payment_id)
        elif record.kind is ReceiptKind.CANCELLED or not is_first:
            self.changed.append(payment_id)
        return True

    def _posted(self, payment_id: str, receipt: Receipt | None, sign: int) -> tuple[Transfer, ...]:
        """What posts a standing receipt (sign 1), or takes it back (sign -1)."""
        if receipt is None:
            return ()
        credit = Account.PREMIUM_RECEIVABLE if receipt.slip_known else Account.UNKNOWN_RECEIPTS
        received = transfer(IN_TRANSIT[receipt.settler], credit, sign * receipt.amount, payment_id)
        if not receipt.slip_known:
            return received
        return (*received, *self._postings.count(receipt.slip_number, sign * receipt.amount))


def _contradictions(payment_id: str, known: Iterable[Receipt], record: Receipt) -> Iterator[Discrepancy]:
    """In what the new record differs from each known one; the result does not depend on the order of records."""
    for other in known:
        first, second = sorted((other, record))
        names = f"{JAPANESE[first.kind]} says", f"{JAPANESE[second.kind]}"
        about = f"{first.kind}/{second.kind}"
        for word, one, two in _differences(first, second):
            detail = f"{names[0]} {one}, {names[1]} {two}; the {JAPANESE[first.kind]} stands"
            yield Discrepancy(f"receipt_{word}_differs", payment_id, about, second.amount, detail)
        if (first.kind, second.kind) == (ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED):
            detail = "取消 of a payment that 確報 confirmed; the receipt was taken back"
            yield Discrepancy(CANCELLED_AFTER_CONFIRMED, payment_id, about, second.amount, detail)


def _repeated(payment_id: str, earlier: Receipt, record: Receipt) -> Iterator[Discrepancy]:
    """In what a record differs from the registered one of its kind; a repetition does not."""
    for word, one, two in _differences(earlier, record):
        name = JAPANESE[record.kind]
        detail = f"the registered {name} says {one}, another {name} {two}; the registered one stands"
        yield Discrepancy(f"receipt_{word}_differs", payment_id, record.kind, record.amount, detail)


def _differences(first: Receipt, second: Receipt) -> Iterator[tuple[str, str, str]]:
    """(what, first says, second says)"""
    if first.amount != second.amount:
        yield "amount", f"¥{first.amount:,}", f"¥{second.amount:,}"
    if first.slip_number != second.slip_number:
        yield "slip", f"slip {first.slip_number}", f"slip {second.slip_number}"
    if first.settler != second.settler:
        yield "settler", f"settler {first.settler}", f"settler {second.settler}"
