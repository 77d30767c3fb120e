"""The provider's part of a payment's story: what happened, what it waits for, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.http import Explanation, Step, Waiting
from contracts.vocabulary import Method, Party, ReceiptKind, Stage, business_date
from services.payment_provider.domain.payment import TAKEN, Payment, PaymentStatus
from services.payment_provider.domain.timing import Timing

_RECEIPTS = {
    ReceiptKind.PRELIMINARY: (Stage.PRELIMINARY_DELIVERED, "速報 preliminary receipt data delivered"),
    ReceiptKind.CONFIRMED: (Stage.CONFIRMED_DELIVERED, "確報 confirmed receipt data delivered"),
    ReceiptKind.CANCELLED: (Stage.CANCELLED_DELIVERED, "速報取消 receipt data cancelled"),
}


def explain(
    payment: Payment, receipts: Sequence[Any], closing: Any, timing: Timing, timeout: timedelta, now: datetime
) -> Explanation:
    """What is known at `now`: rows of the receipt data delivered for this payment, and of its bank closing if any."""
    steps = [*_steps(payment), *(_receipt_step(row, payment, timing) for row in receipts)]
    if closing is not None and payment.status in TAKEN:
        steps += _settlement_steps(payment, closing, timing)
    return Explanation(
        payment_id=payment.payment_id,
        party=Party.PAYMENT_PROVIDER.value,
        steps=tuple(sorted(steps, key=lambda s: (s.at, s.stage))),
        waiting=_waiting(payment, timing, timeout, now),
    )


def _step(stage: Stage, event: str, at: datetime, detail: str) -> Step:
    return Step(event=event, party=Party.PAYMENT_PROVIDER.value, at=at, stage=stage, detail=detail)


def _steps(p: Payment) -> Iterator[Step]:
    yield _step(Stage.SLIP_SCANNED, "納付書読取 barcode scanned", p.scanned_at, f"slip {p.slip_number}, ¥{p.amount:,}")
    if p.method_chosen_at and p.method is Method.CARD:
        asked = f"{p.brand} ****{p.last4} → agent {p.agent}"
        yield _step(Stage.METHOD_CHOSEN, "与信照会依頼 authorization asked", p.method_chosen_at, asked)
    elif p.method_chosen_at:
        asked = f"internet banking, bank {p.bank_code}"
        yield _step(Stage.METHOD_CHOSEN, "金融機関照会 bank asked", p.method_chosen_at, asked)
    if p.approved_at:
        told = f"agent {p.agent} approved in time"
        yield _step(Stage.ENTRUSTED, "代理納付委託 proxy payment entrusted", p.approved_at, told)
    if p.ended_at and p.status is PaymentStatus.DECLINED:
        yield _step(Stage.PAYMENT_ENDED, "支払不成立 declined", p.ended_at, str(p.decline_reason))
    if p.ended_at and p.status is PaymentStatus.ABANDONED:
        yield _step(Stage.PAYMENT_ENDED, "中断 abandoned", p.ended_at, "the slip was scanned anew")


def _receipt_step(row: Any, p: Payment, timing: Timing) -> Step:
    stage, event = _RECEIPTS[row.kind]
    detail = f"booked under 収納日 {row.received_on}"
    if row.kind is ReceiptKind.CONFIRMED and p.paid_at:
        detail = confirmation_reason(p.paid_at, row.delivered_at, timing)
    return _step(stage, event, row.delivered_at, detail)


def _settlement_steps(p: Payment, closing: Any, timing: Timing) -> Iterator[Step]:
    if closing.issued_at is not None:
        totalled = f"the bank network totals {closing.closed_on} when the day is over: ¥{closing.amount:,}"
        yield _step(Stage.CLOSED, "締め closing of the bank network", closing.issued_at, totalled)
    if closing.deposited_on is not None:
        at = timing.deposit_at(closing.deposit_on)
        yield _step(Stage.DEPOSITED, "入金 deposit of the bank network", at, _deposit_reason(p, timing))


def confirmation_reason(paid_at: datetime, confirm_at: datetime, timing: Timing) -> str:
    """Why 確報 comes when it comes."""
    closed = timing.calendar.closed_between(business_date(paid_at), business_date(confirm_at))
    rule = (
        f"{timing.confirmation_business_days} bank business days (銀行営業日) after payment "
        f"at {timing.confirmation_time:%H:%M} [confirmation_business_days]"
    )
    return f"{rule}; banks closed: {closed}" if closed else rule


def _waiting(p: Payment, timing: Timing, timeout: timedelta, now: datetime) -> Waiting | None:
    match p.status:
        case PaymentStatus.SCANNED:
            return Waiting(
                waits_for="支払方法の選択 the payer's choice", until=None, because="no method was chosen yet"
            )
        case PaymentStatus.AUTHORIZING:
            until = p.method_chosen_at + timeout if p.method_chosen_at else None
            because = (
                f"{timeout.total_seconds():.0f} s for the answer [authorization_timeout_seconds], then it is given up"
            )
            return Waiting(waits_for=f"与信照会結果 answer of agent {p.agent}", until=until, because=because)
        case PaymentStatus.ENTRUSTED:
            return Waiting(waits_for=f"代理納付引受 of agent {p.agent}", until=None, because="the event is under way")
        case PaymentStatus.AT_BANK:
            return Waiting(
                waits_for="金融機関応答 answer of the payer's bank", until=None, because="the bank was asked"
            )
        case PaymentStatus.PAID if p.paid_at and p.confirm_at:
            because = confirmation_reason(p.paid_at, p.confirm_at, timing)
            return Waiting(waits_for="確報 confirmed receipt data", until=p.confirm_at, because=because)
        case PaymentStatus.CONFIRMED if p.method is Method.INTERNET_BANKING and (until := _deposit_at(p, timing)) > now:
            return Waiting(
                waits_for="入金 deposit of the bank network",
                until=until,
                because=_deposit_reason(p, timing),
            )
        case _:
            return None


def _deposit_at(p: Payment, timing: Timing) -> datetime:
    assert p.deposit_on, "only a payment that closes has a deposit"
    return timing.deposit_at(p.deposit_on)


def _deposit_reason(p: Payment, timing: Timing) -> str:
    assert p.closes_on and p.deposit_on, "only a payment that closes has a deposit"
    closed = timing.calendar.closed_between(p.closes_on, p.deposit_on)
    rule = f"{timing.bank_deposit_business_days} bank business days after {p.closes_on} [bank_deposit_business_days]"
    return f"{rule}; banks closed: {closed}" if closed else rule
