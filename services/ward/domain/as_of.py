"""What the ward knew at an instant that is past: what came later is taken away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from contracts.vocabulary import Settler
from services.ward.domain.ledger import Account
from services.ward.domain.overpayments import A_MOMENT, Claim, Given, OverpaymentTerms, Use
from services.ward.domain.settlement import Statement

ACCOUNT_NOT_KEPT = "(its number is not kept)"
"""In the place of the other account, where a deposit had gone before it was brought over."""


class DepositThen(NamedTuple):
    """A deposit as it was known: `account` is empty for the ward's own."""

    amount: int
    settler: Settler
    deposited_on: date
    seen_at: datetime
    account: str


class Decision(NamedTuple):
    """What a decision about a statement came to, in yen."""

    effect: int
    claimed: int
    decided_at: datetime


class Booking(NamedTuple):
    """A transfer of the ledger on account of a slip."""

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
    """A statement with what had come of it by then; `pages` are the times at which those here had come."""

    def been(at: datetime | None) -> datetime | None:
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
        overdue_since=been(s.overdue_since),
        lapsed_at=been(s.lapsed_at),
        settled_at=been(s.settled_at),
        reconciled_at=been(s.reconciled_at),
    )


def reconciled_then(s: Statement, came: Iterable[datetime], decisions: Iterable[Decision]) -> Statement:
    """A statement that agreed then. One that was opened again since is kept with the last time at which it came to
    agree, if it has; then it had agreed, at the latest, since the last of all that had come."""
    if s.reconciled_at is not None:
        return s
    return replace(s, reconciled_at=max([*came, *(d.decided_at for d in decisions)]))


def claim_then(
    slip_number: str, claim: Claim | None, booked: Iterable[Booking], then: datetime, terms: OverpaymentTerms
) -> Claim | None:
    """過誤納 of a slip that waited for its decision then, by what was booked; `claim` is what waits now."""
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
    if claim is None or claim.opened_at > then:
        opened_at = since + A_MOMENT
        claim = Claim(slip_number, excess, opened_at, terms.decide_at(opened_at))
    return claim._replace(amount=excess) if claim.opened_at <= then else None


def given_then(given: Given, booked: Iterable[Booking], then: datetime) -> Given | None:
    """充当・還付 as it stood then; None before it was decided."""
    if given.decided_at > then:
        return None
    withdrawn, reclaimed = given.withdrawn, given.reclaimed
    for b in booked:
        is_back = b.source.startswith(f"overpayment/{given.slip_number}/{given.number}/back/")
        if b.booked_at > then and is_back and b.credit is Account.PREMIUM_RECEIVABLE:
            if b.debit is Account.REPAYMENT_CLAIMS:
                reclaimed -= b.amount
            else:
                withdrawn -= b.amount
    stood = replace(given, withdrawn=withdrawn, reclaimed=reclaimed)
    if given.ended_at is None or given.ended_at <= then:
        return stood
    return replace(stood, use=Use.REFUND_DECIDED, ended_at=None)
