"""What the ledger says of a payment, from the set of receipt records (収納データ) known of it.

速報 posts, 確報 posts where 速報 has not come, 取消 takes back exactly what was posted; where 取消 comes first nothing
is posted. So what stands is a function of the *set* of records: the order in which they come does not matter.
The earliest kind's amount, slip and settler stand; a later kind that says otherwise is a discrepancy (不一致).

Booked: in_transit_<settler> debit, premium_receivable credit, for the whole receipt; then the part that exceeds what
the slip owes goes on from premium_receivable to overpayments (過誤納), and comes back when another receipt of
the slip is cancelled. So for each slip, with `received` what counts towards it (its standing receipts, what was
applied to it, less what overpayments.py gave away of it):
receivable = max(0, amount − received), overpayments = max(0, received − amount).
A receipt of a slip that the ward has not issued is credited to unknown_receipts (不明入金).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.vocabulary import ReceiptKind, Settler
from services.ward.domain.ledger import IN_TRANSIT, Account, Transfer, transfer

JAPANESE: Final[Mapping[ReceiptKind, str]] = {
    ReceiptKind.PRELIMINARY: "速報",
    ReceiptKind.CONFIRMED: "確報",
    ReceiptKind.CANCELLED: "取消",
}


CANCELLED_AFTER_CONFIRMED: Final = "cancelled_after_confirmed"
"""確報後取消: a discrepancy that is over when somebody has decided about the money, which may come all the same."""


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
        """All that its booking depends on."""
        return self.slip_number, self.slip_known, self.amount, self.settler


Records = Mapping[ReceiptKind, Receipt]
"""All records known of one payment."""


@dataclass(slots=True)
class SlipAccount:
    """What a slip owes, and what counts towards it: its standing receipts, unless it gave or was given something."""

    amount: int
    received: int

    @property
    def outstanding(self) -> int:
        """収入未済"""
        return self.amount - self.received if self.received < self.amount else 0

    @property
    def excess(self) -> int:
        """過誤納"""
        return self.received - self.amount if self.received > self.amount else 0


class Discrepancy(NamedTuple):
    """Records that contradict each other: nothing is dropped, somebody has to look."""

    kind: str
    subject: str
    """The payment or statement concerned."""
    about: str
    """Which records, e.g. 01/02: one discrepancy of a kind about the same records."""
    amount: int
    detail: str


class Registered(NamedTuple):
    """What registering one record changes."""

    is_new: bool
    """False where a record of this kind is registered already."""
    transfers: Sequence[Transfer] = ()
    slips: Sequence[str] = ()
    """Slips whose account has changed."""
    discrepancies: Sequence[Discrepancy] = ()
    upset: Sequence[str] = ()
    """Slips of which more or less is overpaid than before, or that are owed again: somebody has to see to them."""


def standing(records: Records) -> Receipt | None:
    """The record whose word counts; None where nothing is known but a cancellation, or it was cancelled."""
    if ReceiptKind.CANCELLED in records:
        return None
    return records.get(ReceiptKind.PRELIMINARY) or records.get(ReceiptKind.CONFIRMED)


def register(
    payment_id: str,
    record: Receipt,
    records: MutableMapping[ReceiptKind, Receipt],
    slips: Mapping[str, SlipAccount],
) -> Registered:
    """Register one record of a payment: `records` gains it, and the accounts in `slips` are brought up to date.

    Raises `ValueError` for an amount that no receipt can have.
    """
    if record.amount <= 0:
        raise ValueError(f"the amount of a receipt must be above 0 yen, not {record.amount}")
    before, discrepancies = None, []
    if records:
        earlier = records.get(record.kind)
        if earlier is not None:
            return Registered(False, discrepancies=[*_repeated(payment_id, earlier, record)])
        before = standing(records)
        discrepancies = [*_contradictions(payment_id, records.values(), record)]
    records[record.kind] = record
    after = standing(records)
    if before is not None and after is not None and before.posting == after.posting:
        return Registered(True, discrepancies=discrepancies)
    changed = sorted({r.slip_number for r in (before, after) if r is not None and r.slip_known})
    stood = [(slips[number].excess, slips[number].outstanding) for number in changed]
    booked = [*_book(payment_id, before, -1, slips), *_book(payment_id, after, 1, slips)]
    upset = [number for number, was in zip(changed, stood, strict=True) if is_upset(slips[number], *was)]
    return Registered(True, booked, changed, discrepancies, upset)


def is_upset(slip: SlipAccount, excess: int, outstanding: int) -> bool:
    """Whether somebody has to see to a slip of which so much was too much and so much owed."""
    return slip.excess != excess or (slip.outstanding > 0 and not outstanding)


def _book(payment_id: str, receipt: Receipt | None, sign: int, slips: Mapping[str, SlipAccount]) -> Iterator[Transfer]:
    """Post what stands (sign 1), or take it back (sign -1)."""
    if receipt is None:
        return
    credit = Account.PREMIUM_RECEIVABLE if receipt.slip_known else Account.UNKNOWN_RECEIPTS
    yield from transfer(IN_TRANSIT[receipt.settler], credit, sign * receipt.amount, payment_id)
    if receipt.slip_known:
        yield from count_towards(receipt.slip_number, slips[receipt.slip_number], sign * receipt.amount)


def count_towards(slip_number: str, slip: SlipAccount, amount: int) -> tuple[Transfer, ...]:
    """Count `amount` of premium_receivable towards the slip; what it has too much, or no longer has, changes
    accounts."""
    excess = slip.excess
    slip.received += amount
    return transfer(Account.PREMIUM_RECEIVABLE, Account.OVERPAYMENTS, slip.excess - excess, slip_number)


def revive(payment_id: str, slip_number: str, slip: SlipAccount, amount: int) -> tuple[Transfer, ...]:
    """失効: the payment does not count towards the slip any more, while its agent owes the money still."""
    owed = transfer(Account.PREMIUM_RECEIVABLE, Account.LAPSED_PROXY_PAYMENTS, amount, payment_id)
    return (*owed, *count_towards(slip_number, slip, -amount))


def restore(payment_id: str, slip_number: str, slip: SlipAccount, amount: int) -> tuple[Transfer, ...]:
    """The payment counts again."""
    settled = transfer(Account.LAPSED_PROXY_PAYMENTS, Account.PREMIUM_RECEIVABLE, amount, payment_id)
    return (*settled, *count_towards(slip_number, slip, amount))


def _contradictions(payment_id: str, known: Iterable[Receipt], record: Receipt) -> Iterator[Discrepancy]:
    """What each pair of records disagrees on, the new one with each that is known: the same in any order."""
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
    """The same kind again. Said the same, it is a mere repetition."""
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
