"""The agent's part of `sansha explain`: what happened to a payment, what it waits for, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.http.service import Explanation, Step, Waiting
from contracts.vocabulary import FlowStep, business_date
from services.card_agent.behaviour import OF_STATEMENTS, AskedAnomaly
from services.card_agent.domain.authorization import Authorization, AuthorizationStatus
from services.card_agent.domain.issuer import Card
from services.card_agent.domain.settlement import Closing
from services.card_agent.domain.terms import Terms

_GIVEN_UP = "[authorization_timeout_seconds of the payment provider]"


def closing_then(closing: Closing, then: datetime) -> Closing:
    """The closing as it stood at a past instant: its figures are known once it is issued."""
    if closing.issued_at is None or closing.issued_at > then:
        return replace(closing, count=0, amount=0, fee=0, issued_at=None, deposited_on=None)
    deposited = closing.deposited_on is not None and closing.deposited_on <= business_date(then)
    return closing if deposited else replace(closing, deposited_on=None)


def anomalies_then(anomalies: Iterable[AskedAnomaly], closing: Closing, then: datetime) -> tuple[AskedAnomaly, ...]:
    """Anomalies as they stood at a past instant, as their `closing` did: they meet a payment when it is issued."""
    asked = [anomaly for anomaly in anomalies if anomaly.asked_at <= then]
    if closing.issued_at is None:
        asked = [anomaly._replace(met_payment_id=None, met_yen=0) for anomaly in asked]
    corrected = [anomaly.corrected_at is not None and anomaly.corrected_at <= then for anomaly in asked]
    return tuple(
        anomaly if was else anomaly._replace(corrected_at=None) for anomaly, was in zip(asked, corrected, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one payment at the agent `principal`."""

    principal: str
    authorization: Authorization
    card: Card | None
    closing: Closing | None
    terms: Terms
    anomalies: Sequence[AskedAnomaly] = ()
    """Anomalies requested for the payment's closing."""
    then: datetime | None = None
    """The past instant at which it ends, if it does."""

    def explain(self) -> Explanation:
        """The steps in the order in which they happened, and the event that is awaited."""
        steps = (*self._authorization_steps(), *self._settlement_steps())
        return Explanation(
            payment_id=self.authorization.payment_id,
            party=self.principal,
            steps=tuple(sorted((step for step in steps if step is not None), key=lambda step: (step.at, step.stage))),
            waiting=self._waiting(),
        )

    def _step(self, stage: FlowStep, event: str, at: datetime | None, detail: str) -> Step | None:
        """None if it has not happened."""
        return None if at is None else Step(event=event, party=self.principal, at=at, stage=stage, detail=detail)

    def _authorization_steps(self) -> Iterator[Step | None]:
        a = self.authorization
        shown = "an unknown card" if self.card is None else f"{self.card.brand} ****{self.card.last4}"
        shown = "a card" if a.erased_at else shown
        yield self._step(
            FlowStep.AUTHORIZATION_RECEIVED, "与信照会 authorization asked", a.asked_at, f"{shown}, ¥{a.amount:,}"
        )
        if a.status is AuthorizationStatus.DECLINED:
            why = a.decline_reason.value if a.decline_reason else "消去済 erased"
            yield self._step(FlowStep.ANSWERED, "与信否認 declined", a.answered_at, why)
        else:
            code = "" if a.erased_at else f"approval code {a.approval_code}; "
            held = f"{code}¥{a.amount:,} held against the limit"
            yield self._step(FlowStep.ANSWERED, "与信承認 approved", a.answered_at, held)
        given_up = "the provider gave the payment up"
        yield self._step(FlowStep.PAYMENT_ENDED, "与信取消依頼 reversal asked", a.reversal_asked_at, given_up)
        yield self._step(FlowStep.PAYMENT_ENDED, "与信取消 reversed", a.reversed_at, "nothing is held for it")
        gone = "card token, account, approval code: what leads to a card is no longer held [erasure_months]"
        erased_at = a.erased_at if a.erased_at and (self.then is None or a.erased_at <= self.then) else None
        yield self._step(FlowStep.ERASED, "消去 erased", erased_at, gone)

    def _settlement_steps(self) -> Iterator[Step | None]:
        a, closing = self.authorization, self.closing
        if closing is None:
            return
        promised = f"counts for the closing of {closing.closed_on}, to be deposited on {closing.deposit_on}"
        named = f", designated date (指定日) {self.terms.designated_date(closing.deposit_on)} [designated_date_rule]"
        yield self._step(FlowStep.ACCEPTED, "代理納付引受 proxy payment accepted", a.accepted_at, promised + named)
        revoked = "the card company revoked the sale (売上取消); nothing is owed"
        yield self._step(FlowStep.WITHDRAWN, "代理納付取下げ withdrawn", a.withdrawn_at, revoked)
        late = f"the card company revoked the sale after the closing of {closing.closed_on} was issued"
        yield self._step(FlowStep.WITHDRAWN, "取下げ不可 withdrawal came too late", a.withdrawal_missed_at, late)
        if a.status is AuthorizationStatus.ACCEPTED:
            rule = self.terms.closing_reason(closing.closed_on)
            total = f"{closing.count} payment{'s' * (closing.count != 1)}, ¥{closing.amount:,}; {rule}"
            yield self._step(FlowStep.CLOSED, "締め closing", closing.issued_at, total)
            fee = f", fee ¥{closing.fee:,} deducted" if closing.fee else ""
            paid = (
                f"¥{closing.amount - closing.fee:,} into the ward's account{fee}; "
                f"{self.terms.deposit_reason(closing.closed_on, closing.deposit_on)}"
            )
            yield self._step(FlowStep.DEPOSITED, "入金 deposit", a.deposited_at, paid + self._as_believed())
        yield from map(self._anomaly_step, self.anomalies)

    def _as_believed(self) -> str:
        """The deposit as in the agent's books; the ward's part shows the amount of a wrong deposit."""
        wrong = [anomaly.kind.value for anomaly in self.anomalies if anomaly.kind not in OF_STATEMENTS]
        return f"; recorded so in its books despite 異常 {', '.join(wrong)}" if wrong else ""

    def _anomaly_step(self, anomaly: AskedAnomaly) -> Step | None:
        """What the simulation was asked to do to this payment's closing; the agent does not know of it yet."""
        met = f"; it met payment {anomaly.met_payment_id}, ¥{anomaly.met_yen:,}" if anomaly.met_payment_id else ""
        corrected = "; corrected" if anomaly.corrected_at else ""
        detail = f"{anomaly.kind.value} asked for the closing of {anomaly.closed_on}{met}{corrected}"
        return self._step(FlowStep.ACCEPTED, "異常 anomaly", anomaly.asked_at, detail)

    def _waiting(self) -> Waiting | None:
        a = self.authorization
        match a.status:
            case AuthorizationStatus.PENDING:
                return _silence(a)
            case AuthorizationStatus.APPROVED:
                because = f"an approval is held until the provider entrusts the payment or gives it up {_GIVEN_UP}"
                return Waiting(waits_for="代理納付委託 entrustment by the provider", until=None, because=because)
            case AuthorizationStatus.ACCEPTED if self.closing is not None and a.deposited_at is None:
                return self._settlement(self.closing)
            case _:
                return None

    def _settlement(self, closing: Closing) -> Waiting:
        if closing.issued_at is None:
            return Waiting(
                waits_for="締め closing",
                until=self.terms.close_at(closing.closed_on),
                because=self.terms.closing_reason(closing.closed_on),
            )
        return Waiting(
            waits_for="入金 deposit",
            until=self.terms.deposit_at(closing.deposit_on),
            because=self.terms.deposit_reason(closing.closed_on, closing.deposit_on),
        )


def _silence(a: Authorization) -> Waiting:
    if a.answer_due_at is None:
        because = f"the card company of this test card never answers; it ends when the provider gives it up {_GIVEN_UP}"
    elif a.reversal_asked_at is not None:
        because = "the provider gave it up; the late answer [late_answer_seconds] is undone when it arrives"
    else:
        because = "the card company answers late [late_answer_seconds]"
    return Waiting(waits_for="カード会社応答 answer of the card company", until=a.answer_due_at, because=because)
