"""A payment and the steps it may take. A step returns the changed payment, or None if it does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from contracts.vocabulary import (
    Agent,
    Brand,
    DeclineReason,
    Method,
    ReceiptAnomaly,
    Refusal,
    Settler,
    Yen,
    business_date,
)
from services.payment_provider.domain.reporting import ReportTimes


class PaymentStatus(StrEnum):
    SCANNED = "scanned"  # 読取済: no method is chosen yet
    AUTHORIZING = "authorizing"  # 与信照会中
    ENTRUSTED = "entrusted"  # 代理納付委託済
    AT_BANK = "at_bank"  # 金融機関照会中
    COLLECTED = "collected"  # 収納済: not reported to the ward yet
    PAID = "paid"  # 速報済
    CONFIRMED = "confirmed"  # 確報済
    DECLINED = "declined"  # 不成立
    CANCELLED = "cancelled"  # 速報取消済
    ABANDONED = "abandoned"  # 中断: the slip was scanned again


UNDER_WAY = frozenset({PaymentStatus.AUTHORIZING, PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK})
STANDING = frozenset({PaymentStatus.COLLECTED, PaymentStatus.PAID, PaymentStatus.CONFIRMED})
"""Paid, and not cancelled since."""
ENDED = frozenset({PaymentStatus.DECLINED, PaymentStatus.CANCELLED, PaymentStatus.ABANDONED})


class Payment(NamedTuple):
    """One attempt to pay one slip. `attempt` counts from 1."""

    payment_id: str
    slip_number: str
    attempt: int
    barcode: str
    amount: Yen
    consent_id: str | None
    """None for a payment outside the app."""
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
    """When 速報 is planned; None for no 速報."""
    confirm_at: datetime | None = None
    """When 確報 is planned; None for no 確報 (異常)."""
    ended_at: datetime | None = None
    """When it was declined, cancelled or abandoned, or its authorization reversed."""
    closes_on: date | None = None
    deposit_on: date | None = None
    anomaly: ReceiptAnomaly | None = None
    """異常: how its receipt data go wrong."""
    erased_at: datetime | None = None
    """消去: when what leads to a person was erased. Its slip number is then a pseudonym."""

    @property
    def issuer(self) -> str:
        """請求書発行企業コード; it differs by charge type (科目)."""
        return self.barcode[2:8]


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
    """金融機関照会 begins."""
    return payment._replace(
        status=PaymentStatus.AT_BANK,
        method=Method.INTERNET_BANKING,
        settler=Settler.BANK,
        bank_code=bank_code,
        method_chosen_at=now,
    )


def approve(payment: Payment, now: datetime) -> Payment | None:
    """与信承認: entrusted to the agent. None if the provider has given the payment up, or it was approved before."""
    if payment.status is not PaymentStatus.AUTHORIZING:
        return None
    return payment._replace(status=PaymentStatus.ENTRUSTED, approved_at=now)


def decline(payment: Payment, reason: DeclineReason, now: datetime) -> Payment | None:
    """支払不成立. None if the payment has advanced or ended."""
    if payment.status not in (PaymentStatus.AUTHORIZING, PaymentStatus.AT_BANK):
        return None
    return payment._replace(status=PaymentStatus.DECLINED, decline_reason=reason, ended_at=now)


def collect(payment: Payment, times: ReportTimes, paid_at: datetime) -> Payment | None:
    """収納: the agent accepted the payment, or the bank approved it. None if it was collected before, or has ended."""
    if payment.status not in (PaymentStatus.ENTRUSTED, PaymentStatus.AT_BANK):
        return None
    return payment._replace(
        status=PaymentStatus.COLLECTED,
        paid_at=paid_at,
        received_on=business_date(paid_at),
        preliminary_at=times.preliminary_at,
        confirm_at=times.confirm_at,
    )


def report(payment: Payment) -> Payment | None:
    """速報. None if none is planned, one was delivered, or the payment has ended."""
    if payment.status is not PaymentStatus.COLLECTED or payment.preliminary_at is None:
        return None
    return payment._replace(status=PaymentStatus.PAID)


def confirm(payment: Payment) -> Payment | None:
    """確報. None if none is planned, one was delivered, or the payment has ended."""
    if payment.status not in (PaymentStatus.COLLECTED, PaymentStatus.PAID) or payment.confirm_at is None:
        return None
    return payment._replace(status=PaymentStatus.CONFIRMED)


def cancel(payment: Payment, now: datetime) -> Payment | None:
    """速報取消: the money will not come. None if there is no standing payment."""
    if payment.status not in STANDING:
        return None
    return payment._replace(status=PaymentStatus.CANCELLED, ended_at=now)


def abandon(payment: Payment, now: datetime) -> Payment:
    """The payer scanned the slip again."""
    return payment._replace(status=PaymentStatus.ABANDONED, ended_at=now)


def erased(payment_id: str, at: datetime) -> Refusal:
    return Refusal(
        "payment_erased",
        f"what leads from payment {payment_id} to a person was erased on {business_date(at)}",
        "ask the ward, which keeps the ledger; GET /payments/{id}/explanation says what is still known",
    )


def latest_in_app(made: Sequence[Payment]) -> Payment | None:
    """Of all payments of a slip, by attempt, the last one that was opened in the app."""
    return next((p for p in reversed(made) if p.consent_id is not None), None)


def next_attempt(made: Sequence[Payment]) -> int:
    """The attempt of the slip's next payment, at any channel."""
    return made[-1].attempt + 1 if made else 1
