"""An authorization, from the question to the deposit, and the steps it may take.

A step returns the changed authorization. One that cannot apply unless somebody broke the contract raises
`ValueError`: money is at stake, and a dead letter shows it.
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
    """Where an authorization stands."""

    PENDING = "pending"  # 与信照会中: the card company has not answered
    APPROVED = "approved"  # 与信承認
    DECLINED = "declined"  # 与信否認
    REVERSED = "reversed"  # 与信取消
    ACCEPTED = "taken_on"  # 代理納付引受
    WITHDRAWN = "withdrawn"  # 代理納付取下げ


OWED: Final = frozenset({AuthorizationStatus.ACCEPTED, AuthorizationStatus.WITHDRAWN})


class Authorization(NamedTuple):
    """One payment at this agent. It has no account where the card is unknown, or where only a reversal ever came."""

    payment_id: str
    card_token: str
    status: AuthorizationStatus
    amount: Yen
    account_id: str | None = None
    asked_at: datetime | None = None
    answer_due_at: datetime | None = None
    """Until when the card company is silent; None while it is pending means for ever."""
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
    """When the card company revoked the sale, too late: the closing was issued."""
    deposited_at: datetime | None = None


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
    """The request that its own reversal overtook: it stays reversed, and the card company is not asked."""
    return a._replace(amount=amount, account_id=account_id, asked_at=now)


def approval_code(approval_id: str) -> str:
    """承認番号: the six digits that stand for an approval on paper."""
    return f"{int(approval_id.replace('-', ''), 16) % 1_000_000:06}"


def answer(a: Authorization, verdict: Verdict, approval_code: str, now: datetime) -> Authorization:
    """The card company's answer to a pending authorization; silence leaves it pending."""
    match verdict:
        case Unanswered(until):
            return a._replace(answer_due_at=until)
        case Approved():
            return a._replace(status=AuthorizationStatus.APPROVED, approval_code=approval_code, answered_at=now)
        case Declined(reason):
            return a._replace(status=AuthorizationStatus.DECLINED, decline_reason=reason, answered_at=now)


def require_same(a: Authorization, card_token: str, amount: Yen) -> None:
    """A second request for a payment is the first one again, or comes after its reversal; another one is a fault."""
    if a.asked_at is not None and (a.card_token, a.amount) != (card_token, amount):
        raise ValueError(f"payment {a.payment_id} was asked for before with another card or amount")


def reverse(a: Authorization, now: datetime) -> Authorization:
    """与信取消 asked for. Where the card company still owes an answer, that answer is undone when it comes."""
    if a.status in OWED:
        raise ValueError(f"payment {a.payment_id} is {a.status.value}; only an approval can be reversed")
    noted = a._replace(reversal_asked_at=a.reversal_asked_at or now)
    if a.status is AuthorizationStatus.PENDING and a.answer_due_at is not None:
        return noted
    return undo(noted, now)


def undo(a: Authorization, now: datetime) -> Authorization:
    """Nothing is held for it any more, and nothing will be. One that was declined stays so."""
    declined = a.status is AuthorizationStatus.DECLINED
    status = AuthorizationStatus.DECLINED if declined else AuthorizationStatus.REVERSED
    return a._replace(status=status, reversed_at=a.reversed_at or now)


def reversed_unasked(payment_id: str, card_token: str, now: datetime) -> Authorization:
    """A reversal without its request: remembered, so that the request finds it if it ever comes."""
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
        raise ValueError(f"payment {payment_id} was never authorized here; it cannot be taken on")
    if a.status is not AuthorizationStatus.APPROVED:
        raise ValueError(f"payment {payment_id} is {a.status.value}, not approved; it cannot be taken on")
    if a.amount != amount:
        raise ValueError(f"payment {payment_id} was approved for ¥{a.amount:,}, not for ¥{amount:,}")
    return a._replace(status=AuthorizationStatus.ACCEPTED, accepted_at=now, closes_on=closes_on)


def was_accepted(a: Authorization, amount: Yen, entrusted_at: datetime) -> bool:
    """Whether this very entrustment was taken on before."""
    return a.status in OWED and (a.amount, a.entrusted_at) == (amount, entrusted_at)


def withdraw(a: Authorization, closing_issued: bool, now: datetime) -> Authorization | Refusal:
    """売上取消: until its closing is issued the agent can step back; later it has promised the deposit."""
    if a.status is AuthorizationStatus.WITHDRAWN:
        return a
    if a.status is not AuthorizationStatus.ACCEPTED:
        return Refusal(
            "nothing_to_withdraw",
            f"payment {a.payment_id} is {a.status.value}; the agent has taken nothing on for it",
            "withdraw a payment that is taken_on",
        )
    if closing_issued:
        return Refusal(
            "withdrawal_too_late",
            f"payment {a.payment_id} is in the statement of {a.closes_on}, which was issued",
            "settle it with the ward as a refund (還付); the deposit is made as stated",
        )
    return a._replace(status=AuthorizationStatus.WITHDRAWN, withdrawn_at=now)


def miss_withdrawal(a: Authorization, now: datetime) -> Authorization:
    """The card company revoked the sale when its closing was issued already: noted, nothing else."""
    return a._replace(withdrawal_missed_at=now)


def deposit(a: Authorization, now: datetime) -> Authorization:
    """入金: the ward has its money, and the payer's card bill is taken as paid, so the limit is free again."""
    return a._replace(deposited_at=now)


def held(a: Authorization) -> Yen:
    """What it holds of its account's limit: from the approval until it falls away or is deposited."""
    holds = a.status in (AuthorizationStatus.APPROVED, AuthorizationStatus.ACCEPTED) and a.deposited_at is None
    return a.amount if holds else Yen(0)


def hold_changes(before: Mapping[str, Authorization], after: Iterable[Authorization]) -> Mapping[str, int]:
    """Account → how much more (or less) is held on it once `after` is written; `before` is by payment id."""
    changes: Counter[str] = Counter()
    for a in after:
        if a.account_id is not None:
            earlier = before.get(a.payment_id)
            changes[a.account_id] += held(a) - (held(earlier) if earlier else 0)
    return {account_id: change for account_id, change in changes.items() if change}
