"""The ward's knowledge at a past instant (`then`), without anything that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from contracts.vocabulary import Settler
from services.ward.domain.ledger import Account
from services.ward.domain.overpayments import A_MOMENT, Overpayment, OverpaymentTerms, OverpaymentUse, Use
from services.ward.domain.settlement import Statement

ACCOUNT_UNKNOWN = "(number not recorded)"
"""Shown instead of the other account for a deposit that went there and was then transferred to the ward's."""


class DepositThen(NamedTuple):
    """A deposit as it was known: `account` is empty for the ward's own."""

    amount: int
    settler: Settler
    deposited_on: date
    seen_at: datetime
    account: str


class Decision(NamedTuple):
    """The effect of a decision about a statement, in yen."""

    effect: int
    claimed: int
    decided_at: datetime


class Booking(NamedTuple):
    """A transfer of the ledger that is about a slip."""

    source: str
    debit: Account
    credit: Account
    amount: int
    booked_at: datetime


def statement_then(
    s: Statement,
    pages: Sequence[datetime],
    deposits: Sequence[DepositThen],
    decisions: Sequence[Decision],
    then: datetime,
) -> Statement:
    """A statement with what had come of it; `pages` are the times at which the pages that were here had come."""

    def past(at: datetime | None) -> datetime | None:
        return at if at is not None and at <= then else None

    own = [d.amount for d in deposits if not d.account]
    return replace(
        s,
        pages_here=len(pages),
        deposits=len(own),
        deposited=sum(own),
        misdirected=sum(d.amount for d in deposits if d.account),
        adjusted=sum(d.effect for d in decisions),
        claimed=sum(d.claimed for d in decisions),
        overdue_since=past(s.overdue_since),
        lapsed_at=past(s.lapsed_at),
        settled_at=past(s.settled_at),
        reconciled_at=past(s.reconciled_at),
    )


def reconciled_then(s: Statement, came: Iterable[datetime], decisions: Iterable[Decision]) -> Statement:
    """A statement that agreed at `then`, with the time since which it did.

    That time is not recorded for one that was opened again since: it is the time of the last thing that had come.
    """
    if s.reconciled_at is not None:
        return s
    return replace(s, reconciled_at=max([*came, *(d.decided_at for d in decisions)]))


def undecided_then(
    slip_number: str, now: Overpayment | None, booked: Iterable[Booking], then: datetime, terms: OverpaymentTerms
) -> Overpayment | None:
    """過誤納 of a slip that waited for its decision at `then`, from the bookings; `now` is the one that waits now."""
    changes: defaultdict[datetime, int] = defaultdict(int)
    for b in booked:
        if b.booked_at <= then and Account.OVERPAYMENTS in (b.debit, b.credit):
            changes[b.booked_at] += b.amount if b.credit is Account.OVERPAYMENTS else -b.amount
    excess, since = 0, then
    for at, change in sorted(changes.items()):
        since = since if excess else at
        excess += change
    if not excess:
        return None
    if now is not None and now.opened_at <= then:
        return now._replace(amount=excess)
    opened_at = since + A_MOMENT
    return Overpayment(slip_number, excess, opened_at, terms.decide_at(opened_at)) if opened_at <= then else None


def use_then(use: OverpaymentUse, booked: Iterable[Booking], then: datetime) -> OverpaymentUse | None:
    """充当・還付 as it stood at `then`; None before it was decided."""
    if use.decided_at > then:
        return None
    withdrawn, reclaimed = use.withdrawn, use.reclaimed
    for b in booked:
        is_back = b.source.startswith(f"overpayment/{use.slip_number}/{use.number}/back/")
        if b.booked_at > then and is_back and b.credit is Account.PREMIUM_RECEIVABLE:
            if b.debit is Account.REPAYMENT_CLAIMS:
                reclaimed -= b.amount
            else:
                withdrawn -= b.amount
    stood = replace(use, withdrawn=withdrawn, reclaimed=reclaimed)
    if use.ended_at is None or use.ended_at <= then:
        return stood
    return replace(stood, use=Use.REFUND_DECIDED, ended_at=None)
