"""過誤納: every yen that is paid, cancelled, applied, refunded or lapsed is accounted for, slip by slip."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.vocabulary import ChargeType, ReceiptKind, Settler, business_date
from services.ward.app import Settings
from services.ward.domain.ledger import Account, Transfer, levy
from services.ward.domain.overpayment_settlement import Due, Settling
from services.ward.domain.overpayments import OverpaymentTerms, Person, PersonSlip, Use
from services.ward.domain.receipts import Receipt, ReceiptBatch, standing
from services.ward.domain.slip_accounts import Postings

TERMS: OverpaymentTerms = Settings().overpayment_terms
START = datetime.fromisoformat("2021-11-15T12:00:00+09:00")
PREMIUMS = [f"001041210000000123{number:02}1" for number in range(1, 5)]
OTHER_CHARGE = "001042210000000123011"
AMOUNTS = dict(zip([*PREMIUMS, OTHER_CHARGE], [10_000, 9_000, 9_000, 9_000, 7_000], strict=True))
DUE = [date(2021, 8, 2), date(2021, 8, 31), date(2021, 9, 30), date(2022, 3, 31), date(2021, 6, 30)]


def charge_of(number: str) -> ChargeType:
    return ChargeType.RESIDENT_TAX if number == OTHER_CHARGE else ChargeType.CARE_INSURANCE


def owing() -> Person:
    """A person with five slips, one of another charge and one not due yet."""
    slips = {
        number: PersonSlip(amount, 0, charge_of(number), due_on, None)
        for (number, amount), due_on in zip(AMOUNTS.items(), DUE, strict=True)
    }
    return Person(slips, {}, [])


class Overpaying(RuleBasedStateMachine):
    """A person who pays too much, a section that decides, and agents that withdraw payments."""

    terms = TERMS

    def __init__(self) -> None:
        super().__init__()
        self.person, self.now = owing(), START
        self.records: defaultdict[str, dict[ReceiptKind, Receipt]] = defaultdict(dict)
        self.booked: list[Transfer] = [t for number, amount in AMOUNTS.items() for t in levy(number, amount)]
        self.sources: Counter[str] = Counter()
        self.due: list[Due] = []

    # ---- actions

    @rule(slip=st.sampled_from([*AMOUNTS]), amount=st.sampled_from([9_000, 10_000, 3_000, 25_000]))
    def pay(self, slip: str, amount: int) -> None:
        self._register(f"p{len(self.records)}", Receipt(ReceiptKind.PRELIMINARY, slip, True, amount, Settler.JCB))

    @rule(slip=st.sampled_from(PREMIUMS))
    def pay_twice(self, slip: str) -> None:
        for _ in range(2):
            self.pay(slip, AMOUNTS[slip])

    @rule(which=st.integers(0, 50))
    @precondition(lambda self: self._standing())
    def cancel(self, which: int) -> None:
        payment = sorted(self._standing())[which % len(self._standing())]
        self._register(payment, self.records[payment][ReceiptKind.PRELIMINARY]._replace(kind=ReceiptKind.CANCELLED))

    @rule(days=st.sampled_from([1, 10, 15, 40, 800]))
    def wait(self, days: int) -> None:
        """Advance the clock; whatever is due on the way is handled."""
        until = self.now + timedelta(days=days)
        while (at := min((d.at for d in self.due if self.now < d.at <= until), default=None)) is not None:
            self.now = at
            self._settle()
        self.now = until

    @rule(
        slip=st.sampled_from([*AMOUNTS]),
        to=st.sampled_from([None, *AMOUNTS]),
        amount=st.sampled_from([None, 500, 9_000]),
    )
    def apply(self, slip: str, to: str | None, amount: int | None) -> None:
        settling = self._settling()
        refusal = settling.apply(slip, to, amount)
        assert (refusal is None) == bool(settling.entries)
        self._keep(settling)

    @rule(slip=st.sampled_from([*AMOUNTS]), amount=st.sampled_from([None, 500, 9_000]))
    def refund(self, slip: str, amount: int | None) -> None:
        settling = self._settling()
        excess = self.person.excess(slip)
        refusal = settling.refund(slip, amount)
        assert (refusal is None) == (0 < (amount or 1) <= excess)
        self._keep(settling)

    # ---- invariants

    @invariant()
    def each_slip_has_what_came_to_it_less_what_it_gave(self) -> None:
        came: Counter[str] = Counter()
        for receipt in self._standing().values():
            came[receipt.slip_number] += receipt.amount
        for given in self.person.uses:
            came[given.slip_number] -= given.standing
            if given.to_slip is not None:
                came[given.to_slip] += given.standing
        assert {n: slip.received for n, slip in self.person.slips.items()} == {n: came[n] for n in AMOUNTS}

    @invariant()
    def the_ledger_says_of_each_slip_what_it_owes_and_what_is_too_much(self) -> None:
        owner = {payment: records[ReceiptKind.PRELIMINARY].slip_number for payment, records in self.records.items()}
        accounts: Counter[tuple[Account, str]] = Counter()
        for t in self.booked:
            accounts[t.debit, owner.get(t.subject, t.subject)] += t.amount
            accounts[t.credit, owner.get(t.subject, t.subject)] -= t.amount
        for number, slip in self.person.slips.items():
            assert accounts[Account.PREMIUM_RECEIVABLE, number] == max(0, slip.amount - slip.received)
            assert accounts[Account.OVERPAYMENTS, number] == -max(0, slip.received - slip.amount)

    @invariant()
    def every_yen_is_somewhere(self) -> None:
        balances: Counter[Account] = Counter()
        for t in self.booked:
            assert t.amount > 0
            balances[t.debit] += t.amount
            balances[t.credit] -= t.amount
        assert sum(balances.values()) == 0
        of_use = {use: [g for g in self.person.uses if g.use is use] for use in Use}
        assert balances[Account.APPLICATIONS] == 0
        assert all(g.paid for g in of_use[Use.REFUNDED])
        assert balances[Account.BANK_ACCOUNT] == -sum(g.paid for g in self.person.uses)
        assert balances[Account.REFUNDS_PAYABLE] == -sum(g.standing for g in of_use[Use.REFUND_DECIDED])
        assert balances[Account.LAPSED_REFUNDS] == -sum(g.standing for g in of_use[Use.LAPSED])
        assert balances[Account.REPAYMENT_CLAIMS] == sum(g.reclaimed for g in self.person.uses)
        assert balances[Account.IN_TRANSIT_JCB] == sum(r.amount for r in self._standing().values())

    @invariant()
    def nobody_has_given_away_what_he_lacks(self) -> None:
        assert [n for n, slip in self.person.slips.items() if slip.outstanding and self.person.reclaimable(n)] == []
        assert all(g.withdrawn >= 0 and g.reclaimed >= 0 and g.standing >= 0 for g in self.person.uses)

    @invariant()
    def what_is_too_much_waits_for_a_decision_that_will_come(self) -> None:
        assert {n: claim.amount for n, claim in self.person.undecided.items()} == {
            n: slip.excess for n, slip in self.person.slips.items() if slip.excess
        }
        awaited = {(d.slip_number, d.at) for d in self.due}
        for claim in self.person.undecided.values():
            assert claim.decide_at > self.now
            assert (claim.slip_number, claim.decide_at) in awaited

    @invariant()
    def debts_of_one_charge_are_not_paid_with_another(self) -> None:
        applied = [g for g in self.person.uses if g.to_slip is not None]
        assert all(charge_of(g.slip_number) == charge_of(g.to_slip or "") for g in applied)

    @invariant()
    def nothing_is_booked_twice(self) -> None:
        assert set(self.sources.values()) <= {1}

    def teardown(self) -> None:
        """In the end nothing is undecided: all is applied, refunded or lapsed."""
        self.wait(800)
        assert self.person.undecided == {}
        assert [g for g in self.person.uses if g.use is Use.REFUND_DECIDED and g.standing] == []
        self.every_yen_is_somewhere()

    # ---- how

    def _standing(self) -> dict[str, Receipt]:
        found = ((payment, standing(records)) for payment, records in self.records.items())
        return {payment: receipt for payment, receipt in found if receipt is not None}

    def _register(self, payment: str, receipt: Receipt) -> None:
        postings = Postings(self.person.slips)
        ReceiptBatch(self.records, postings).take(payment, receipt, business_date(self.now))
        self.booked += [t for entry in postings.entries for t in entry.transfers]
        if postings.balance_changes:
            self.now += timedelta(milliseconds=2)
            self._settle()

    def _settling(self) -> Settling:
        settling = Settling(self.person, self.now, self.terms)
        settling.bring_up_to_date()
        self.sources.update(e.source for e in settling.entries)
        self.booked += [t for e in settling.entries for t in e.transfers]
        settling.entries.clear()
        return settling

    def _settle(self) -> None:
        self._keep(self._settling())

    def _keep(self, settling: Settling) -> None:
        self.sources.update(e.source for e in settling.entries)
        self.booked += [t for e in settling.entries for t in e.transfers]
        self.due += settling.due


class NeverClaimed(Overpaying):
    """The machine with refunds that are never claimed and lapse."""

    terms = replace(TERMS, refund_days=None)


TestOverpaying = Overpaying.TestCase
TestNeverClaimed = NeverClaimed.TestCase
TestOverpaying.settings = TestNeverClaimed.settings = settings(
    max_examples=150, stateful_step_count=20, deadline=None, print_blob=True
)


@pytest.mark.parametrize(
    ("decided", "lapses"),
    [
        ("2021-07-26T16:00:00+09:00", date(2023, 7, 27)),
        ("2022-02-28T16:00:00+09:00", date(2024, 3, 1)),  # from 03-01: until the end of 2024-02-29
        ("2024-02-28T16:00:00+09:00", date(2026, 3, 1)),  # from 02-29, which 2026 lacks
    ],
)
def test_a_refund_lapses_two_years_from_the_day_after_its_decision(decided: str, lapses: date) -> None:
    assert TERMS.lapses_on(datetime.fromisoformat(decided)) == lapses


def test_decisions_and_refunds_wait_for_an_open_bank_day() -> None:
    at = datetime.fromisoformat("2021-12-17T12:00:00+09:00")  # 14 days later is New Year's Eve
    assert TERMS.decide_at(at).date() == date(2022, 1, 4)
    assert TERMS.refund_due_at(at).date() == date(2022, 1, 4)
