"""An authorization, from the request to the deposit, and the steps it may take.

A step returns the changed authorization. It raises `ValueError` if it cannot apply unless a party broke the contract:
money is at stake, and a dead letter shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.vocabulary import DeclineReason, Refusal, Yen
from services.card_agent.domain.issuer import Approved, Declined, Unanswered, Verdict


class AuthorizationStatus(StrEnum):
    """The value is what is stored, and what HTTP answers and books say; `said` is for messages.

    An accepted one is stored as `taken_on`, its name when the first books were written.
    """

    PENDING = "pending"  # 与信照会中: the card company has not answered
    APPROVED = "approved"  # 与信承認
    DECLINED = "declined"  # 与信否認
    REVERSED = "reversed"  # 与信取消
    ACCEPTED = "taken_on"  # 代理納付引受
    WITHDRAWN = "withdrawn"  # 代理納付取下げ

    @property
    def said(self) -> str:
        return self.name.lower()


OWED: Final = frozenset({AuthorizationStatus.ACCEPTED, AuthorizationStatus.WITHDRAWN})


class Authorization(NamedTuple):
    """One payment at this agent. It has no account if the card is unknown, or if only its reversal arrived."""

    payment_id: str
    card_token: str
    status: AuthorizationStatus
    amount: Yen
    account_id: str | None = None
    asked_at: datetime | None = None
    answer_due_at: datetime | None = None
    """When the card company answers late; None while it is pending means never."""
    answered_at: datetime | None = None
    decline_reason: DeclineReason | None = None
    approval_code: str | None = None
    entrusted_at: datetime | None = None
    reversal_asked_at: datetime | None = None
    reversed_at: datetime | None = None
    accepted_at: datetime | None = None
    closes_on: date | None = None
    withdrawn_at: datetime | None = None
    withdrawal_missed_at: datetime | None = None
    """When the card company revoked the sale too late: the closing was issued."""
    deposited_at: datetime | None = None
    erased_at: datetime | None = None
    """消去: when what leads to a card was erased. Its token is then a pseudonym."""


def asked(payment_id: str, card_token: str, amount: Yen, account_id: str | None, now: datetime) -> Authorization:
    """与信照会: the card company is asked."""
    return Authorization(
        payment_id=payment_id,
        card_token=card_token,
        status=AuthorizationStatus.PENDING,
        account_id=account_id,
        amount=amount,
        asked_at=now,
    )


def asked_after_reversal(a: Authorization, amount: Yen, account_id: str | None, now: datetime) -> Authorization:
    """The request arrives after its reversal: it stays reversed, and the card company is not asked."""
    return a._replace(amount=amount, account_id=account_id, asked_at=now)


def approval_code(approval_id: str) -> str:
    """承認番号: the six digits that stand for an approval on paper."""
    return f"{int(approval_id.replace('-', ''), 16) % 1_000_000:06}"


def answer(a: Authorization, verdict: Verdict, approval_code: str, now: datetime) -> Authorization:
    """Apply the card company's answer; without one the authorization stays pending."""
    match verdict:
        case Unanswered(until):
            return a._replace(answer_due_at=until)
        case Approved():
            return a._replace(status=AuthorizationStatus.APPROVED, approval_code=approval_code, answered_at=now)
        case Declined(reason):
            return a._replace(status=AuthorizationStatus.DECLINED, decline_reason=reason, answered_at=now)


def require_same(a: Authorization, card_token: str, amount: Yen) -> None:
    """Raises `ValueError` if an earlier request for the payment named another card or amount. One that is erased has
    forgotten them."""
    if a.erased_at is None and a.asked_at is not None and (a.card_token, a.amount) != (card_token, amount):
        raise ValueError(f"payment {a.payment_id} was asked for before with another card or amount")


def reverse(a: Authorization, now: datetime) -> Authorization:
    """与信取消 requested. An answer that the card company still owes is undone when it comes."""
    if a.status in OWED:
        raise ValueError(f"payment {a.payment_id} is {a.status.said}; only an approval can be reversed")
    noted = a._replace(reversal_asked_at=a.reversal_asked_at or now)
    if a.status is AuthorizationStatus.PENDING and a.answer_due_at is not None:
        return noted
    return undo(noted, now)


def undo(a: Authorization, now: datetime) -> Authorization:
    """Nothing is held for it any more, nor will be. One that was declined stays declined."""
    declined = a.status is AuthorizationStatus.DECLINED
    status = AuthorizationStatus.DECLINED if declined else AuthorizationStatus.REVERSED
    return a._replace(status=status, reversed_at=a.reversed_at or now)


def reversed_unasked(payment_id: str, card_token: str, now: datetime) -> Authorization:
    """A reversal that arrives before its request, which finds this row if it ever arrives."""
    return Authorization(
        payment_id=payment_id,
        card_token=card_token,
        status=AuthorizationStatus.REVERSED,
        amount=Yen(0),
        reversal_asked_at=now,
        reversed_at=now,
    )


def accept(a: Authorization | None, payment_id: str, amount: Yen, closes_on: date, now: datetime) -> Authorization:
    """代理納付の引受: the agent owes the ward this amount from now on, for the closing of `closes_on`."""
    if a is None:
        raise ValueError(f"payment {payment_id} was never authorized here; it cannot be accepted")
    if a.status is not AuthorizationStatus.APPROVED:
        raise ValueError(f"payment {payment_id} is {a.status.said}, not approved; it cannot be accepted")
    if a.amount != amount:
        raise ValueError(f"payment {payment_id} was approved for ¥{a.amount:,}, not for ¥{amount:,}")
    return a._replace(status=AuthorizationStatus.ACCEPTED, accepted_at=now, closes_on=closes_on)


def was_accepted(a: Authorization | None, amount: Yen, entrusted_at: datetime) -> bool:
    """Whether this very entrustment was accepted before, withdrawn since or not."""
    return a is not None and a.status in OWED and (a.amount, a.entrusted_at) == (amount, entrusted_at)


def withdraw(a: Authorization, closing_issued: bool, now: datetime) -> Authorization | Refusal:
    """売上取消. Refused once the closing is issued, for then the deposit is promised. A second one changes nothing."""
    if a.status is AuthorizationStatus.WITHDRAWN:
        return a
    if a.status is not AuthorizationStatus.ACCEPTED:
        return Refusal(
            "nothing_to_withdraw",
            f"payment {a.payment_id} is {a.status.said}; the agent owes nothing for it",
            "withdraw an accepted payment (status taken_on)",
        )
    if closing_issued:
        return Refusal(
            "withdrawal_too_late",
            f"payment {a.payment_id} is in the statement of {a.closes_on}, which was issued",
            "settle it with the ward as a refund (還付); the deposit is made as stated",
        )
    return a._replace(status=AuthorizationStatus.WITHDRAWN, withdrawn_at=now)


def miss_withdrawal(a: Authorization, now: datetime) -> Authorization:
    """Note that the card company revoked the sale after the closing was issued; nothing else changes."""
    return a._replace(withdrawal_missed_at=now)


def deposit(a: Authorization, now: datetime) -> Authorization:
    """入金. It frees the card's limit, for the payer's bill is assumed to be paid by then."""
    return a._replace(deposited_at=now)


def held(a: Authorization) -> Yen:
    """Yen that it holds of its account's limit, from the approval until it is withdrawn or deposited."""
    holds = a.status in (AuthorizationStatus.APPROVED, AuthorizationStatus.ACCEPTED) and a.deposited_at is None
    return a.amount if holds else Yen(0)


def hold_changes(before: Mapping[str, Authorization], after: Iterable[Authorization]) -> Mapping[str, int]:
    """Account id → yen held on it in addition (or less) once `after` is written; `before` is by payment id."""
    changes: Counter[str] = Counter()
    for a in after:
        if a.account_id is not None:
            earlier = before.get(a.payment_id)
            changes[a.account_id] += held(a) - (held(earlier) if earlier else 0)
    return {account_id: change for account_id, change in changes.items() if change}
