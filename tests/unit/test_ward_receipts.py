"""The state of a payment follows from the set of its records, not from their order."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import ReceiptKind, Settler
from services.ward.domain.ledger import Account, balances
from services.ward.domain.receipts import Discrepancy, Receipt, ReceiptBatch, standing
from services.ward.domain.slip_accounts import Postings, SlipAccount

SLIPS = {"A": 1_000, "B": 500}
P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
Delivery = tuple[str, Receipt]
DELIVERED_ON = date(2021, 7, 1)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivery]:
    """Records of up to four payments, at most one of each kind; most agree, some contradict each other."""
    found: list[Delivery] = []
    for payment in draw(st.sets(st.sampled_from(["p1", "p2", "p3", "p4"]), min_size=1)):
        slip = draw(st.sampled_from(["A", "A", "B", "unknown"]))
        amount, settler = draw(st.sampled_from([1_000, 500, 300])), draw(st.sampled_from(Settler))
        for kind in draw(st.sets(st.sampled_from(ReceiptKind), min_size=1)):
            other_slip = draw(st.sampled_from([slip, slip, slip, "B"]))
            other_amount = draw(st.sampled_from([amount, amount, amount, 700]))
            found.append((payment, Receipt(kind, other_slip, other_slip in SLIPS, other_amount, settler)))
    return found


class Ledger:
    """What a batch of each delivery leads to."""

    def __init__(self) -> None:
        self.slips = {number: SlipAccount(amount, 0) for number, amount in SLIPS.items()}
        self.records: defaultdict[str, dict[ReceiptKind, Receipt]] = defaultdict(dict)
        self.totals: list[tuple[Account, Account, int]] = []
        self.discrepancies: set[Discrepancy] = set()
        for amount in SLIPS.values():
            self.totals.append((Account.PREMIUM_RECEIVABLE, Account.PREMIUM_REVENUE, amount))

    def take(self, delivered: Sequence[Delivery]) -> "Ledger":
        postings = Postings(self.slips)
        batch = ReceiptBatch(self.records, postings)
        for payment, receipt in delivered:
            batch.take(payment, receipt, DELIVERED_ON)
            self.totals += [t[:3] for entry in postings.entries for t in entry.transfers]
            self.discrepancies.update(batch.discrepancies)
            postings.entries.clear()
            self.check()
        return self

    @property
    def balances(self) -> dict[Account, int]:
        return balances(self.totals)

    def check(self) -> None:
        """Each slip is owed what it lacks, and what it has too much is overpaid; nothing is lost."""
        stand = [s for records in self.records.values() if (s := standing(records)) is not None]
        received: Counter[str] = Counter()
        for receipt in stand:
            received[receipt.slip_number if receipt.slip_known else "unknown"] += receipt.amount
        now = self.balances
        assert sum(now.values()) == 0
        assert now[Account.PREMIUM_RECEIVABLE] == sum(max(0, owed - received[s]) for s, owed in SLIPS.items())
        assert -now[Account.OVERPAYMENTS] == sum(max(0, received[s] - owed) for s, owed in SLIPS.items())
        assert -now[Account.UNKNOWN_RECEIPTS] == received["unknown"]
        for settler in Settler:
            in_transit = sum(r.amount for r in stand if r.settler is settler)
            assert now[Account(f"in_transit_{settler}")] == in_transit
        assert all(amount > 0 for _, _, amount in self.totals)


@given(st.data(), deliveries())
def test_neither_order_nor_repetition_changes_the_books(data: st.DataObject, delivered: list[Delivery]) -> None:
    expected = Ledger().take(delivered)
    repeated = data.draw(st.lists(st.sampled_from(delivered), max_size=6))
    shuffled = data.draw(st.permutations([*delivered, *repeated]))
    found = Ledger().take(shuffled)
    assert found.balances == expected.balances
    assert found.records == expected.records
    assert found.slips == expected.slips
    assert found.discrepancies == expected.discrepancies


def receipt(kind: ReceiptKind, amount: int = 1_000, slip: str = "A", settler: Settler = Settler.JCB) -> Receipt:
    return Receipt(kind, slip, slip in SLIPS, amount, settler)


def test_a_confirmation_books_nothing_more() -> None:
    ledger = Ledger().take([("p", receipt(P))])
    before = list(ledger.totals)
    assert ledger.take([("p", receipt(C))]).totals == before
    assert ledger.discrepancies == set()


def test_a_cancellation_that_comes_first_prevents_posting() -> None:
    ledger = Ledger().take([("p", receipt(X)), ("p", receipt(P))])
    assert len(ledger.totals) == len(SLIPS)
    assert ledger.discrepancies == set()


def test_an_overpayment_is_applied_again_when_the_first_payment_is_cancelled() -> None:
    ledger = Ledger().take([("p", receipt(P)), ("q", receipt(P))])
    assert ledger.balances[Account.OVERPAYMENTS] == -1_000
    ledger.take([("p", receipt(X))])
    assert ledger.balances[Account.OVERPAYMENTS] == 0
    assert ledger.slips["A"].outstanding == 0


def test_a_cancellation_after_the_confirmation_takes_back_and_is_a_discrepancy() -> None:
    ledger = Ledger().take([("p", receipt(P)), ("p", receipt(C)), ("p", receipt(X))])
    assert ledger.slips["A"].outstanding == 1_000
    (found,) = ledger.discrepancies
    assert (found.kind, found.subject, found.about) == ("cancelled_after_confirmed", "p", "02/03")


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_preliminary_amount_stands_against_the_confirmed_one(order: list[int]) -> None:
    records = [("p", receipt(P, 1_000)), ("p", receipt(C, 900))]
    ledger = Ledger().take([records[i] for i in order])
    assert ledger.slips["A"].received == 1_000
    (found,) = ledger.discrepancies
    assert (found.kind, found.about, found.amount) == ("receipt_amount_differs", "01/02", 900)
    assert found.detail == "速報 says ¥1,000, 確報 ¥900; the 速報 stands"


def test_the_same_kind_again_with_other_content_changes_nothing_but_is_kept() -> None:
    ledger = Ledger().take([("p", receipt(P, 1_000)), ("p", receipt(P, 1)), ("p", receipt(P, 1_000))])
    assert ledger.slips["A"].received == 1_000
    assert [d.kind for d in ledger.discrepancies] == ["receipt_amount_differs"]


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_that_no_receipt_can_have_is_no_receipt(amount: int) -> None:
    with pytest.raises(ValueError, match="must be above 0 yen"):
        ReceiptBatch(defaultdict(dict), Postings({})).take("p", receipt(P, amount), DELIVERED_ON)
