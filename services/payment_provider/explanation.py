"""The provider's part of a payment's story: what happened, what it waits for, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts.http.service import Explanation, Step, Waiting
from contracts.vocabulary import CHANNEL_NAMES, IN_APP, Method, Party, ReceiptKind, Stage
from services.payment_provider.behaviour import ANOMALIES, behaviour_of
from services.payment_provider.domain.as_of import as_it_stood, before_anomaly
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import JAPANESE, NETWORKS, NetworkTerms
from services.payment_provider.domain.payment import TAKEN, Payment, PaymentStatus
from services.payment_provider.domain.reporting import Reporting
from services.payment_provider.store import Period

_RECEIPTS = {
    ReceiptKind.PRELIMINARY: (Stage.PRELIMINARY_DELIVERED, "速報 preliminary receipt data delivered"),
    ReceiptKind.CONFIRMED: (Stage.CONFIRMED_DELIVERED, "確報 confirmed receipt data delivered"),
    ReceiptKind.CANCELLED: (Stage.CANCELLED_DELIVERED, "速報取消 receipt data cancelled"),
}
_NO_ANOMALY = "no anomaly (異常) is known that would leave it out or alter it [GET /anomalies]"


@dataclass(frozen=True, slots=True)
class Telling:
    """What the story is told by."""

    channels: Channels
    timeout: timedelta
    now: datetime
    then: datetime | None = None
    """Where the story ends before now."""

    @property
    def end(self) -> datetime:
        """The instant up to which the story is told."""
        return self.then or self.now

    def reporting(self, payment: Payment) -> Reporting:
        assert payment.method is not None, "a payment that was made has a method"
        return self.channels.reporting[payment.method]

    def network(self, payment: Payment) -> NetworkTerms:
        assert payment.method is not None, "a payment that was made has a method"
        return self.channels.networks[NETWORKS[payment.method]]


def period_of(payment: Payment) -> Period | None:
    """The closing of its network that counts the payment; None for a card payment, or before it is made."""
    if payment.method is None or payment.method not in NETWORKS or payment.closes_on is None:
        return None
    return NETWORKS[payment.method], payment.closes_on


def payment_then(
    payment: Payment, receipts: Sequence[Any], struck_at: datetime | None, told: Telling
) -> Payment | None:
    """The payment as it stood when the story ends; None where there was none yet. `receipts` are rows of the receipt
    data ever delivered for it, `struck_at` is since when they go wrong, if they do."""
    if told.then is None:
        return payment
    stood = as_it_stood(payment, {row.kind for row in receipts if row.delivered_at <= told.then}, told.then)
    if stood is None or stood.method is None or struck_at is None or struck_at <= told.then:
        return stood
    made_at = stood.paid_at or told.then
    return before_anomaly(stood, told.channels.plan(stood.method, made_at, made_at))


def explain(payment: Payment, receipts: Sequence[Any], closing: Any, told: Telling) -> Explanation:
    """What is known: rows of the receipt data delivered for this payment, and of its network's closing if any. What
    comes after the end of the story is left out."""
    delivered = [row for row in receipts if told.then is None or row.delivered_at <= told.then]
    steps = [*_steps(payment), *(_receipt_step(row, payment, told) for row in delivered)]
    if closing is not None and payment.status in TAKEN:
        steps += _settlement_steps(payment, closing, told.network(payment))
    return Explanation(
        payment_id=payment.payment_id,
        party=Party.PAYMENT_PROVIDER.value,
        steps=tuple(sorted(_until(told.then, steps), key=lambda s: (s.at, s.stage))),
        waiting=_waiting(payment, told),
    )


def _until(then: datetime | None, steps: Sequence[Step]) -> Sequence[Step]:
    return steps if then is None else [step for step in steps if step.at <= then]


def _step(stage: Stage, event: str, at: datetime, detail: str) -> Step:
    return Step(event=event, party=Party.PAYMENT_PROVIDER.value, at=at, stage=stage, detail=detail)


def _steps(p: Payment) -> Iterator[Step]:
    if p.method is not None and p.method not in IN_APP:
        paid = f"slip {p.slip_number}, ¥{p.amount:,}; the app does not know of it"
        yield _step(Stage.COLLECTED, f"収納 collected: {CHANNEL_NAMES[p.method]}", p.scanned_at, paid)
        return
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


def _receipt_step(row: Any, p: Payment, told: Telling) -> Step:
    stage, event = _RECEIPTS[row.kind]
    detail = f"booked under 収納日 {row.received_on}"
    if row.kind is ReceiptKind.CONFIRMED and p.paid_at:
        detail = told.reporting(p).confirmation_reason(p.paid_at, row.delivered_at)
    elif row.kind is ReceiptKind.PRELIMINARY and p.paid_at != row.delivered_at:
        detail = f"{detail}; {told.reporting(p).preliminary_reason()}"
    if row.repetition or row.amount != p.amount:
        detail = f"¥{row.amount:,}{' again' if row.repetition else ''}; {_anomaly(p)}"
    return _step(stage, event, row.delivered_at, detail)


def _anomaly(p: Payment) -> str:
    return f"異常 {p.anomaly}: {ANOMALIES[p.anomaly].story} [POST /anomalies]" if p.anomaly else _NO_ANOMALY


def _settlement_steps(p: Payment, closing: Any, terms: NetworkTerms) -> Iterator[Step]:
    network = JAPANESE[closing.settler]
    if closing.issued_at is not None:
        totalled = f"¥{closing.amount:,}; {terms.closing_reason(closing.closed_on)}"
        yield _step(Stage.CLOSED, f"締め closing of {network}", closing.issued_at, totalled)
    if closing.deposited_on is not None:
        at = terms.deposit_at(closing.deposit_on)
        yield _step(Stage.DEPOSITED, f"入金 deposit of {network}", at, _deposit_reason(p, terms))


def _waiting(p: Payment, told: Telling) -> Waiting | None:
    match p.status:
        case PaymentStatus.SCANNED:
            because = "no method was chosen yet [no time limit: the payer chooses one, or scans the slip anew]"
            return Waiting(waits_for="支払方法の選択 the payer's choice", until=None, because=because)
        case PaymentStatus.AUTHORIZING:
            until = p.method_chosen_at + told.timeout if p.method_chosen_at else None
            seconds = f"{told.timeout.total_seconds():.0f} s"
            because = f"{seconds} for the answer [authorization_timeout_seconds], then it is given up"
            return Waiting(waits_for=f"与信照会結果 answer of agent {p.agent}", until=until, because=because)
        case PaymentStatus.ENTRUSTED:
            because = "the event is under way [no time limit: an agent takes on what it approved once it is told]"
            return Waiting(waits_for=f"代理納付引受 of agent {p.agent}", until=None, because=because)
        case PaymentStatus.AT_BANK:
            return _waiting_for_bank(p)
        case PaymentStatus.COLLECTED | PaymentStatus.PAID:
            return _waiting_for_records(p, told.reporting(p))
        case PaymentStatus.CONFIRMED:
            return _waiting_for_deposit(p, told)
        case _:
            return None


def _waiting_for_bank(p: Payment) -> Waiting:
    """A bank answers as the simulation has it, by its code."""
    takes = behaviour_of(p.bank_code or "").answers_in
    until = p.method_chosen_at + takes if p.method_chosen_at else None
    because = f"the bank was asked; bank {p.bank_code} answers after {takes.total_seconds():.0f} s [GET /test-banks]"
    return Waiting(waits_for="金融機関応答 answer of the payer's bank", until=until, because=because)


def _waiting_for_records(p: Payment, reporting: Reporting) -> Waiting:
    """速報 or 確報, whichever is next; where 確報 never comes, why."""
    assert p.paid_at, "a payment that was made has its time"
    if p.status is PaymentStatus.COLLECTED and p.preliminary_at is not None:
        because = reporting.preliminary_reason()
        return Waiting(waits_for="速報 preliminary receipt data", until=p.preliminary_at, because=because)
    if p.confirm_at is None:
        return Waiting(waits_for="確報 confirmed receipt data", until=None, because=_anomaly(p))
    because = reporting.confirmation_reason(p.paid_at, p.confirm_at)
    if p.status is PaymentStatus.COLLECTED:
        because = f"{_anomaly(p) if p.anomaly else reporting.preliminary_reason()}; 確報 {because}"
    return Waiting(waits_for="確報 confirmed receipt data", until=p.confirm_at, because=because)


def _waiting_for_deposit(p: Payment, told: Telling) -> Waiting | None:
    if p.method is None or p.method not in NETWORKS or p.deposit_on is None:
        return None
    terms = told.network(p)
    until = terms.deposit_at(p.deposit_on)
    if until <= told.end:
        return None
    waits_for = f"入金 deposit of {JAPANESE[NETWORKS[p.method]]}"
    return Waiting(waits_for=waits_for, until=until, because=_deposit_reason(p, terms))


def _deposit_reason(p: Payment, terms: NetworkTerms) -> str:
    assert p.closes_on and p.deposit_on, "only a payment that closes has a deposit"
    return terms.deposit_reason(p.closes_on, p.deposit_on)
