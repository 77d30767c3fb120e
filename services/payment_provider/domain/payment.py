"""A payment and the steps it may take. Each step returns the changed payment, or None where it does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from contracts.vocabulary import Agent, Brand, DeclineReason, Method, ReceiptAnomaly, Settler, Yen, business_date


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    SCANNED = "scanned"  # 読取済: a method has yet to be chosen
    AUTHORIZING = "authorizing"  # 与信照会中
    ENTRUSTED = "entrusted"  # 代理納付委託済
    AT_BANK = "at_bank"  # 金融機関照会中
    COLLECTED = "collected"  # 収納済: the ward has yet to be told
    PAID = "paid"  # 速報済
    CONFIRMED = "confirmed"  # 確報済
    DECLINED = "declined"  # 不成立
    CANCELLED = "cancelled"  # 速報取消済
    ABANDONED = "abandoned"  # 中断: the slip was scanned anew


UNDER_WAY = frozenset({PaymentStatus.AUTHORIZING, PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK})
TAKEN = frozenset({PaymentStatus.COLLECTED, PaymentStatus.PAID, PaymentStatus.CONFIRMED})

ENDED = frozenset({PaymentStatus.DECLINED, PaymentStatus.CANCELLED, PaymentStatus.ABANDONED})


class Payment(NamedTuple):
    """One attempt to pay one slip. `attempt` counts from 1."""

    payment_id: str
    slip_number: str
    attempt: int
    barcode: str
    amount: Yen
    consent_id: str | None
    """None for what was paid outside the app."""
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
    preliminary_at: datetime | None = None
    """When 速報 is planned; None where there is none."""
    confirm_at: datetime | None = None
    """When 確報 is planned."""
    ended_at: datetime | None = None
    """When it was declined, cancelled or abandoned, or its authorization reversed."""
    closes_on: date | None = None
    deposit_on: date | None = None
    anomaly: ReceiptAnomaly | None = None
    """異常: how its receipt data go wrong."""

    @property
    def issuer(self) -> str:
        """請求書発行企業コード: each charge type (科目) has one of its own."""
        return self.barcode[2:8]


class Plan(NamedTuple):
    """When the receipt records of a payment are made; None for one that is never made."""

    preliminary_at: datetime | None
    confirm_at: datetime | None


def authorize(payment: Payment, agent: Agent, card_token: str, brand: Brand, last4: str, now: datetime) -> Payment:
    """与信照会 begins."""
    return payment._replace(
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
    return payment._replace(
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
    return payment._replace(status=PaymentStatus.ENTRUSTED, approved_at=now)


def decline(payment: Payment, reason: DeclineReason, now: datetime) -> Payment | None:
    """No money will come; None where the payment has gone on or ended before."""
    if payment.status not in (PaymentStatus.AUTHORIZING, PaymentStatus.AT_BANK):
        return None
    return payment._replace(status=PaymentStatus.DECLINED, decline_reason=reason, ended_at=now)


def take(payment: Payment, plan: Plan, paid_at: datetime) -> Payment | None:
    """Paid: the agent took it on, or the bank approved. None where that was known before or it has ended."""
    if payment.status not in (PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK):
        return None
    return payment._replace(
        status=PaymentStatus.COLLECTED,
        paid_at=paid_at,
        received_on=business_date(paid_at),
        preliminary_at=plan.preliminary_at,
        confirm_at=plan.confirm_at,
    )


def report(payment: Payment) -> Payment | None:
    """速報. None where none is planned, the ward was told before, or the payment fell away."""
    if payment.status is not PaymentStatus.COLLECTED or payment.preliminary_at is None:
        return None
    return payment._replace(status=PaymentStatus.PAID)


def confirm(payment: Payment) -> Payment | None:
    """確報. None where none is planned, or the payment fell away before."""
    if payment.status not in (PaymentStatus.COLLECTED, PaymentStatus.PAID) or payment.confirm_at is None:
        return None
    return payment._replace(status=PaymentStatus.CONFIRMED)


def cancel(payment: Payment, now: datetime) -> Payment | None:
    """速報取消: the money will not come after all."""
    if payment.status not in TAKEN:
        return None
    return payment._replace(status=PaymentStatus.CANCELLED, ended_at=now)


def abandon(payment: Payment, now: datetime) -> Payment:
    """The payer scanned the slip anew."""
    return payment._replace(status=PaymentStatus.ABANDONED, ended_at=now)


def latest_in_app(made: Sequence[Payment]) -> Payment | None:
    """Of all payments of a slip, the first first, the last one that was opened in the app."""
    return next((p for p in reversed(made) if p.consent_id is not None), None)


def next_attempt(made: Sequence[Payment]) -> int:
    """The number of the slip's next payment, whatever the channel."""
    return made[-1].attempt + 1 if made else 1
