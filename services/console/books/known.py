"""Findings of the audit that the ward has on record: open, or resolved.

A finding counts as known only if its yen agree with the ward's record; every other one stays unexplained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from contracts.books import Books, DepositRow

_DEPOSITS = frozenset(
    {"deposits_not_at_ward", "deposits_only_at_ward", "deposit_differs", "deposited_twice", "deposit_without_statement"}
)
_PAYMENTS = frozenset({"closing_differs", "line_without_promise", "promise_without_receipt"})


class State(StrEnum):
    """What the ward has on record about a difference."""

    UNEXPLAINED = "unexplained"  # 不明: not on record
    OPEN = "open"  # 未処理: on record, not yet decided or corrected
    RESOLVED = "resolved"  # 処理済: on record, and decided or corrected


class Known:
    """The ward's records of differences."""

    def __init__(self, ward: Books, settlers: Iterable[Books]) -> None:
        self._due = {s.statement_id: s.amount - s.fee for s in ward.statements}
        self._reconciled = set(ward.reconciled)
        self._came = _sums(effective_deposits(ward))
        self._told = _sums(d for book in settlers for d in book.deposits)
        self._differences = {d.subject: d.yen for d in ward.disputes if d.code == "deposits"}
        self._beyond_lines = {d.subject: d.yen for d in ward.disputes if d.code == "totals_differ"}
        self._of_payments: defaultdict[str, set[int]] = defaultdict(set)
        for dispute in ward.disputes:
            if dispute.subject != dispute.statement_id:
                self._of_payments[dispute.subject].add(dispute.yen)
        self._effects: Counter[str] = Counter()
        self._decided: defaultdict[str, set[int]] = defaultdict(set)
        self._added: defaultdict[str, set[int]] = defaultdict(set)
        for r in ward.resolutions:
            self._effects[r.statement_id] += r.effect
            if r.payment_id is not None:
                self._decided[r.payment_id].add(r.amount)
            if r.action == "add_line":
                self._added[r.statement_id].add(r.amount)
        self._deposit_of = {d.deposit_id: d.statement_id for book in (ward, *settlers) for d in book.deposits}

    def state(self, code: str, subject: str, yen: int) -> State:
        """The state of a finding about `subject`: by its code a statement, a deposit or a payment."""
        if code in _DEPOSITS:
            return self._of_deposits(self._deposit_of.get(subject, subject))
        if code in _PAYMENTS:
            return self._of_payment(subject, yen)
        if code == "lines_only_at_ward" and yen in self._added[subject]:
            return State.RESOLVED
        if code == "lines_not_at_ward" and self._beyond_lines.get(subject) == yen:
            return State.OPEN
        if code == "statement_total_differs":
            return self._of_total(subject)
        return State.UNEXPLAINED

    def _of_deposits(self, statement_id: str) -> State:
        """Known if the ward has the exact difference on record, or if the deposits meanwhile add up."""
        if statement_id not in self._due:
            return State.UNEXPLAINED
        difference = self._came[statement_id] - self._due[statement_id]
        if difference == 0:
            made_good = statement_id in self._reconciled and self._told[statement_id] == self._due[statement_id]
            return State.RESOLVED if made_good else State.UNEXPLAINED
        if self._differences.get(statement_id) != difference:
            return State.UNEXPLAINED
        return State.RESOLVED if difference + self._effects[statement_id] == 0 else State.OPEN

    def _of_payment(self, payment_id: str, yen: int) -> State:
        if yen in self._decided[payment_id]:
            return State.RESOLVED
        return State.OPEN if yen in self._of_payments[payment_id] else State.UNEXPLAINED

    def _of_total(self, statement_id: str) -> State:
        if statement_id in self._beyond_lines:
            return State.OPEN
        return State.RESOLVED if self._added[statement_id] else State.UNEXPLAINED


def effective_deposits(ward: Books) -> Sequence[DepositRow]:
    """Every deposit, with the statement it counts for after 入金付替."""
    moved = {r.deposit_id: r.statement_id for r in ward.resolutions if r.action == "reassign_deposit"}
    return [d._replace(statement_id=moved.get(d.deposit_id, d.statement_id)) for d in ward.deposits]


def _sums(deposits: Iterable[DepositRow]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for deposit in deposits:
        sums[deposit.statement_id] += deposit.amount
    return sums
