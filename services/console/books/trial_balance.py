"""試算表: the trial balance of each party at the end of a day, and the debts between them. Pure.

Bookings are double entry, so the balance of a past day is the sum of the bookings up to it. A debt stands in two books,
the debtor's and the creditor's; if they differ, one of them has not been notified yet, or there is a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts import topics
from contracts.books import Books
from contracts.parties import PARTIES
from contracts.vocabulary import Agent, Settler

AGENTS: Final[Mapping[Settler, str]] = {topics.settler_of(agent): topics.card_agent(agent) for agent in Agent}
PAYERS, CARD_COMPANY, SETTLERS = "payers", "card_company", "settlers"


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """One party's balances in yen by account: debit positive, credit negative; accounts at 0 are left out."""

    party: str
    balances: Mapping[str, int]

    @property
    def debits(self) -> int:
        return sum(b for b in self.balances.values() if b > 0)

    @property
    def credits(self) -> int:
        return -sum(b for b in self.balances.values() if b < 0)


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt in yen, in the debtor's and the creditor's books; None for a side without books here."""

    debtor: str
    creditor: str
    code: str
    at_debtor: int | None
    at_creditor: int | None

    @property
    def agrees(self) -> bool:
        """Both books have the same amount, or only one side has books."""
        return None in (self.at_debtor, self.at_creditor) or self.at_debtor == self.at_creditor


@dataclass(frozen=True, slots=True)
class Position:
    """Every party's position at the end of a day; None if nothing was ever booked."""

    on: date | None
    booked_until: date | None
    """The last day with a booking."""
    trial_balances: Sequence[TrialBalance]
    debts: Sequence[Debt]
    owed_twice: int
    """代理納付失効: yen that both payer and card agent owe, until one of them pays."""


def position(books: Mapping[str, Books], on: date | None = None) -> Position:
    """The position at the end of `on`, or of the last day with a booking. Raises `LookupError` for missing books."""
    missing = [p for p in PARTIES if p not in books]
    if missing:
        raise LookupError(f"the books of {', '.join(missing)} are missing")
    booked_until = max((t.on for book in books.values() for t in book.transfers), default=None)
    end = on or booked_until
    found = {principal: _balances(book, end) for principal, book in books.items()}
    tables = [TrialBalance(p, {a: b for a, b in sorted(accounts.items()) if b}) for p, accounts in found.items()]
    twice = -found[topics.WARD]["lapsed_proxy_payments"]
    return Position(end, booked_until, tables, [d for d in _debts(found) if d.at_debtor or d.at_creditor], twice)


def _balances(book: Books, end: date | None) -> Counter[str]:
    balances: Counter[str] = Counter()
    for t in book.transfers:
        if end is not None and t.on <= end:
            balances[t.debit] += t.amount
            balances[t.credit] -= t.amount
    return balances


def _debts(found: Mapping[str, Counter[str]]) -> list[Debt]:
    ward, provider = found[topics.WARD], found[topics.PAYMENT_PROVIDER]
    debts = [Debt(PAYERS, topics.WARD, "levied_not_received", None, ward["premium_receivable"])]
    for settler in Settler:
        at_ward = ward[f"in_transit_{settler.value}"]
        agent = AGENTS.get(settler)
        if agent is None:
            at_settler = -provider[f"owed_to_ward_{settler.value}"]
        else:
            at_settler = -found[agent]["owed_to_ward"]
            debts.append(
                Debt(CARD_COMPANY, agent, "paid_in_the_payers_stead", None, found[agent]["due_from_card_company"])
            )
        debts.append(Debt(agent or settler.value, topics.WARD, "received_not_deposited", at_settler, at_ward))
    short, overpaid = ward["deposit_differences"], -ward["overpayments"] - ward["refunds_payable"]
    return [
        *debts,
        Debt(SETTLERS, topics.WARD, "deposited_too_little", None, max(short, 0)),
        Debt(topics.WARD, SETTLERS, "deposited_too_much", max(-short, 0), None),
        Debt(SETTLERS, topics.WARD, "shortfalls_claimed", None, ward["claims_on_settlers"]),
        Debt(topics.WARD, PAYERS, "received_for_unknown_slips", -ward["unknown_receipts"], None),
        Debt(topics.WARD, PAYERS, "overpaid", overpaid, None),
        Debt(PAYERS, topics.WARD, "to_be_given_back", None, ward["repayment_claims"]),
    ]
