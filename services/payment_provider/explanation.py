"""The provider's part of `sansha explain`: what happened to a payment, what it waits for, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.channels import CHANNELS, NETWORKS, SETTLERS
from contracts.http.service import Explanation, Step, Waiting
from contracts.parties import PAYMENT_PROVIDER
from contracts.vocabulary import IN_APP, FlowStep, Method, ReceiptKind
from services.payment_provider.behaviour import ANOMALIES, behaviour_of
from services.payment_provider.domain.as_of import as_it_stood, before_anomaly
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import Closing, NetworkTerms, Period
from services.payment_provider.domain.payment import STANDING, Payment, PaymentStatus
from services.payment_provider.domain.reporting import DeliveredReceipt, Reporting

_RECEIPTS = {
    ReceiptKind.PRELIMINARY: (FlowStep.PRELIMINARY_DELIVERED, "速報 preliminary receipt data delivered"),
    ReceiptKind.CONFIRMED: (FlowStep.CONFIRMED_DELIVERED, "確報 confirmed receipt data delivered"),
    ReceiptKind.CANCELLED: (FlowStep.CANCELLED_DELIVERED, "速報取消 receipt data cancelled"),
}
_ERASED = "slip, barcode, card or bank, consent: what leads to a person is no longer held [erasure_months]"
_NO_ANOMALY = "no anomaly (異常) is known that would omit or alter it [GET /anomalies]"


@dataclass(frozen=True, slots=True)
class Scope:
    """The terms that an explanation names, and the instant at which it ends."""

    channels: Channels
    timeout: timedelta
    now: datetime
    then: datetime | None = None
    """The end, if it is in the past."""

    @property
    def end(self) -> datetime:
        return self.then or self.now

    def reporting(self, payment: Payment) -> Reporting:
        assert payment.method is not None, "a payment that was made has a method"
        return self.channels.reporting[payment.method]

    def network(self, payment: Payment) -> NetworkTerms:
        assert payment.method is not None, "a payment that was made has a method"
        return self.channels.networks[NETWORKS[payment.method]]


def period_of(payment: Payment) -> Period | None:
    """The closing of a network that counts the payment; None for a card payment, or one not made yet."""
    if payment.method is None or payment.method not in NETWORKS or payment.closes_on is None:
        return None
    return NETWORKS[payment.method], payment.closes_on


def payment_then(
    payment: Payment, receipts: Sequence[DeliveredReceipt], struck_at: datetime | None, scope: Scope
) -> Payment | None:
    """The payment as it stood at the end; None if there was none yet.

    `receipts` are all records ever delivered for it; `struck_at` is when an anomaly (異常) struck it, if one did.
    """
    if scope.then is None:
        return payment
    stood = as_it_stood(
        payment, {receipt.kind for receipt in receipts if receipt.delivered_at <= scope.then}, scope.then
    )
    if stood is None or stood.method is None or struck_at is None or struck_at <= scope.then:
        return stood
    made_at = stood.paid_at or scope.then
    return before_anomaly(stood, scope.channels.report_times(stood.method, made_at, made_at))


def explain(
    payment: Payment, receipts: Sequence[DeliveredReceipt], closing: Closing | None, scope: Scope
) -> Explanation:
    """`receipts` are all records delivered for the payment, `closing` is that of its network if it has one. What comes
    after the end is left out."""
    delivered = [receipt for receipt in receipts if scope.then is None or receipt.delivered_at <= scope.then]
    steps = [*_steps(payment), *(_receipt_step(receipt, payment, scope) for receipt in delivered)]
    if closing is not None and payment.status in STANDING:
        steps += _settlement_steps(payment, closing, scope.network(payment))
    if payment.erased_at is not None:
        steps.append(_step(FlowStep.ERASED, "消去 erased", payment.erased_at, _ERASED))
    return Explanation(
        payment_id=payment.payment_id,
        party=PAYMENT_PROVIDER,
        steps=tuple(sorted(_until(scope.then, steps), key=lambda s: (s.at, s.stage))),
        waiting=_waiting(payment, scope),
    )


def _until(then: datetime | None, steps: Sequence[Step]) -> Sequence[Step]:
    return steps if then is None else [step for step in steps if step.at <= then]


def _step(stage: FlowStep, event: str, at: datetime, detail: str) -> Step:
    return Step(event=event, party=PAYMENT_PROVIDER, at=at, stage=stage, detail=detail)


def _steps(p: Payment) -> Iterator[Step]:
    if p.method is not None and p.method not in IN_APP:
        paid = f"{_slip(p)}, ¥{p.amount:,}; the app does not know of it"
        yield _step(FlowStep.COLLECTED, f"収納 collected: {CHANNELS[p.method].name}", p.scanned_at, paid)
        return
    yield _step(FlowStep.SLIP_SCANNED, "納付書読取 barcode scanned", p.scanned_at, f"{_slip(p)}, ¥{p.amount:,}")
    if p.method_chosen_at and p.method is Method.CARD:
        card = "a card" if p.erased_at else f"{p.brand} ****{p.last4}"
        asked = f"{card} → agent {p.agent}"
        yield _step(FlowStep.METHOD_CHOSEN, "与信照会依頼 authorization asked", p.method_chosen_at, asked)
    elif p.method_chosen_at:
        asked = "internet banking" if p.erased_at else f"internet banking, bank {p.bank_code}"
        yield _step(FlowStep.METHOD_CHOSEN, "金融機関照会 bank asked", p.method_chosen_at, asked)
    if p.approved_at:
        approved = f"agent {p.agent} approved in time"
        yield _step(FlowStep.ENTRUSTED, "代理納付委託 proxy payment entrusted", p.approved_at, approved)
    if p.ended_at and p.status is PaymentStatus.DECLINED:
        yield _step(FlowStep.PAYMENT_ENDED, "支払不成立 declined", p.ended_at, str(p.decline_reason or "消去済 erased"))
    if p.ended_at and p.status is PaymentStatus.ABANDONED:
        why = "no method was ever chosen" if p.ended_at == p.erased_at else "the slip was scanned again"
        yield _step(FlowStep.PAYMENT_ENDED, "中断 abandoned", p.ended_at, why)


def _slip(p: Payment) -> str:
    return "a slip" if p.erased_at else f"slip {p.slip_number}"


def _receipt_step(receipt: DeliveredReceipt, p: Payment, scope: Scope) -> Step:
    stage, event = _RECEIPTS[receipt.kind]
    detail = f"booked under 収納日 {receipt.received_on}"
    if receipt.kind is ReceiptKind.CONFIRMED and p.paid_at:
        detail = scope.reporting(p).confirmation_reason(p.paid_at, receipt.delivered_at)
    elif receipt.kind is ReceiptKind.PRELIMINARY and p.paid_at != receipt.delivered_at:
        detail = f"{detail}; {scope.reporting(p).preliminary_reason()}"
    if receipt.repetition or receipt.amount != p.amount:
        detail = f"¥{receipt.amount:,}{' again' if receipt.repetition else ''}; {_anomaly(p)}"
    return _step(stage, event, receipt.delivered_at, detail)


def _anomaly(p: Payment) -> str:
    return f"異常 {p.anomaly}: {ANOMALIES[p.anomaly].story} [POST /anomalies]" if p.anomaly else _NO_ANOMALY


def _settlement_steps(p: Payment, closing: Closing, terms: NetworkTerms) -> Iterator[Step]:
    network = SETTLERS[closing.settler].name
    if closing.issued_at is not None:
        totalled = f"¥{closing.amount:,}; {terms.closing_reason(closing.closed_on)}"
        yield _step(FlowStep.CLOSED, f"締め closing of {network}", closing.issued_at, totalled)
    if closing.deposited_on is not None:
        at = terms.deposit_at(closing.deposit_on)
        yield _step(FlowStep.DEPOSITED, f"入金 deposit of {network}", at, _deposit_reason(p, terms))


def _waiting(p: Payment, scope: Scope) -> Waiting | None:
    match p.status:
        case PaymentStatus.SCANNED:
            because = "no method was chosen yet [no time limit: the payer chooses one, or scans the slip again]"
            return Waiting(waits_for="支払方法の選択 the payer's choice", until=None, because=because)
        case PaymentStatus.AUTHORIZING:
            until = p.method_chosen_at + scope.timeout if p.method_chosen_at else None
            seconds = f"{scope.timeout.total_seconds():.0f} s"
            because = f"{seconds} for the answer [authorization_timeout_seconds], then it is given up"
            return Waiting(waits_for=f"与信照会結果 answer of agent {p.agent}", until=until, because=because)
        case PaymentStatus.ENTRUSTED:
            because = "the event is under way [no time limit: an agent accepts what it approved once the event arrives]"
            return Waiting(waits_for=f"代理納付引受 of agent {p.agent}", until=None, because=because)
        case PaymentStatus.AT_BANK:
            return _waiting_for_bank(p)
        case PaymentStatus.COLLECTED | PaymentStatus.PAID:
            return _waiting_for_records(p, scope.reporting(p))
        case PaymentStatus.CONFIRMED:
            return _waiting_for_deposit(p, scope)
        case _:
            return None


def _waiting_for_bank(p: Payment) -> Waiting:
    takes = behaviour_of(p.bank_code or "").answers_in
    until = p.method_chosen_at + takes if p.method_chosen_at else None
    because = f"the bank was asked; bank {p.bank_code} answers after {takes.total_seconds():.0f} s [GET /test-banks]"
    return Waiting(waits_for="金融機関応答 answer of the payer's bank", until=until, because=because)


def _waiting_for_records(p: Payment, reporting: Reporting) -> Waiting:
    """速報 or 確報, whichever is next; or why 確報 never comes."""
    assert p.paid_at, "a payment that was made has a time"
    if p.status is PaymentStatus.COLLECTED and p.preliminary_at is not None:
        because = reporting.preliminary_reason()
        return Waiting(waits_for="速報 preliminary receipt data", until=p.preliminary_at, because=because)
    if p.confirm_at is None:
        return Waiting(waits_for="確報 confirmed receipt data", until=None, because=_anomaly(p))
    because = reporting.confirmation_reason(p.paid_at, p.confirm_at)
    if p.status is PaymentStatus.COLLECTED:
        because = f"{_anomaly(p) if p.anomaly else reporting.preliminary_reason()}; 確報 {because}"
    return Waiting(waits_for="確報 confirmed receipt data", until=p.confirm_at, because=because)


def _waiting_for_deposit(p: Payment, scope: Scope) -> Waiting | None:
    if p.method is None or p.method not in NETWORKS or p.deposit_on is None:
        return None
    terms = scope.network(p)
    until = terms.deposit_at(p.deposit_on)
    if until <= scope.end:
        return None
    waits_for = f"入金 deposit of {SETTLERS[NETWORKS[p.method]].name}"
    return Waiting(waits_for=waits_for, until=until, because=_deposit_reason(p, terms))


def _deposit_reason(p: Payment, terms: NetworkTerms) -> str:
    assert p.closes_on and p.deposit_on, "only a payment that closes has a deposit"
    return terms.deposit_reason(p.closes_on, p.deposit_on)
