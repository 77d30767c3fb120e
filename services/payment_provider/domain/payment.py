"""A payment and the steps it may take. Each step returns the changed payment, or None where it does not apply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from contracts.vocabulary import Agent, Brand, DeclineReason, Method, Settler, Yen


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    SCANNED = "scanned"  # 読取済: a method has yet to be chosen
    AUTHORIZING = "authorizing"  # 与信照会中
    ENTRUSTED = "entrusted"  # 代理納付委託済
    AT_BANK = "at_bank"  # 金融機関照会中
    PAID = "paid"  # 速報済
    CONFIRMED = "confirmed"  # 確報済
    DECLINED = "declined"  # 不成立
    CANCELLED = "cancelled"  # 速報取消済
    ABANDONED = "abandoned"  # 中断: the slip was scanned anew


UNDER_WAY = frozenset({PaymentStatus.AUTHORIZING, PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK})
TAKEN = frozenset({PaymentStatus.PAID, PaymentStatus.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay one slip. `attempt` counts from 1."""

    payment_id: str
    slip_number: str
    attempt: int
    barcode: str
    amount: Yen
    consent_id: str
    scanned_at: datetime
    status: PaymentStatus = PaymentStatus.SCANNED
    method: Method | None = None
    settler: Settler | None = None
    agent: Agent | None = None
    card_token: str | None = None
    brand: Brand | None = None
    last4: str | None = None
    bank_code: str | None = None
    decline_reason: DeclineReason | None = None
    method_chosen_at: datetime | None = None
    approved_at: datetime | None = None
    paid_at: datetime | None = None
    received_on: date | None = None
    confirm_at: datetime | None = None
    ended_at: datetime | None = None
    """When it was declined, cancelled or abandoned, or its authorization reversed."""
    closes_on: date | None = None
    deposit_on: date | None = None


def authorize(payment: Payment, agent: Agent, card_token: str, brand: Brand, last4: str, now: datetime) -> Payment:
    """与信照会 begins."""
    return replace(
        payment,
        status=PaymentStatus.AUTHORIZING,
        method=Method.CARD,
        agent=agent,
        settler=Settler(agent.value),
        card_token=card_token,
        brand=brand,
        last4=last4,
        method_chosen_at=now,
    )


def ask_bank(payment: Payment, bank_code: str, now: datetime) -> Payment:
    """The payer's bank is asked."""
    return replace(
        payment,
        status=PaymentStatus.AT_BANK,
        method=Method.INTERNET_BANKING,
        settler=Settler.BANK,
        bank_code=bank_code,
        method_chosen_at=now,
    )


def approve(payment: Payment, now: datetime) -> Payment | None:
    """The agent approved; None where the provider has already given the payment up."""
    if payment.status is not PaymentStatus.AUTHORIZING:
        return None
    return replace(payment, status=PaymentStatus.ENTRUSTED, approved_at=now)


def decline(payment: Payment, reason: DeclineReason, now: datetime) -> Payment | None:
    """No money will come; None where the payment has gone on or ended before."""
    if payment.status not in (PaymentStatus.AUTHORIZING, PaymentStatus.AT_BANK):
        return None
    return replace(payment, status=PaymentStatus.DECLINED, decline_reason=reason, ended_at=now)


def take(payment: Payment, received_on: date, confirm_at: datetime, now: datetime) -> Payment | None:
    """Paid: the agent took it on, or the bank approved. None where that was known before or it has ended."""
    if payment.status not in (PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK):
        return None
    return replace(payment, status=PaymentStatus.PAID, paid_at=now, received_on=received_on, confirm_at=confirm_at)


def confirm(payment: Payment) -> Payment | None:
    """確報. None where the payment fell away before."""
    return replace(payment, status=PaymentStatus.CONFIRMED) if payment.status is PaymentStatus.PAID else None


def cancel(payment: Payment, now: datetime) -> Payment | None:
    """速報取消: the money will not come after all."""
    if payment.status not in TAKEN:
        return None
    return replace(payment, status=PaymentStatus.CANCELLED, ended_at=now)


def abandon(payment: Payment, now: datetime) -> Payment:
    """The payer scanned the slip anew."""
    return replace(payment, status=PaymentStatus.ABANDONED, ended_at=now)
