"""支払方法の選択: card (ask its agent) or internet banking (ask the payer's bank)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from contracts.events import AuthorizationRequested
from contracts.http.payment_provider.payments import (
    BankChoice,
    CardChoice,
    CardChoicesRequest,
    PaymentsAnswer,
    PaymentView,
)
from contracts.vocabulary import Agent, Brand, Refusal, Yen
from services.chassis.steps import Steps
from services.chassis.transaction import Transaction
from services.payment_provider.behaviour import behaviour_of
from services.payment_provider.domain.payment import Payment, PaymentStatus, ask_bank, authorize, erased
from services.payment_provider.domain.routing import FeeTable, refuse_route, system_fee
from services.payment_provider.handlers.bulk import each_for_itself
from services.payment_provider.store import payments
from services.payment_provider.timers import AuthorizationOverdue, BankAnswered
from services.payment_provider.views import payment_view


@dataclass(frozen=True, slots=True)
class CardRules:
    """The settings that a card payment is subject to."""

    routes: Mapping[Brand, Agent]
    timeout: timedelta
    fees: FeeTable
    issuer_fees: Mapping[str, FeeTable]
    """For issuers with a separate fee table."""
    fee_step: int
    fee_per_step: int

    def fee(self, payment: Payment) -> Yen:
        """システム利用料, by the table of the slip's charge type (科目)."""
        table = self.issuer_fees.get(payment.issuer, self.fees)
        return system_fee(payment.amount, table, self.fee_step, self.fee_per_step)


async def choose_cards(
    requests: Sequence[CardChoice], tx: Transaction, *, rules: CardRules
) -> Sequence[PaymentView | Refusal]:
    """Ask the card's agent, which answers by an event; without one before the timeout the payment is given up."""
    steps = Steps(await payments.lock(tx.session, {r.payment_id for r in requests}), tx)
    answers = [_ask_agent(request, steps, rules, tx) for request in requests]
    await payments.save(tx.session, steps)
    return [a if isinstance(a, Refusal) else payment_view(a, rules.fee(a)) for a in answers]


async def choose_many_cards(
    requests: Sequence[CardChoicesRequest], tx: Transaction, *, rules: CardRules
) -> Sequence[PaymentsAnswer]:
    """Each payment for itself. The second choice for a payment is refused."""
    return await each_for_itself([request.choices for request in requests], partial(choose_cards, tx=tx, rules=rules))


async def choose_banks(requests: Sequence[BankChoice], tx: Transaction) -> Sequence[PaymentView | Refusal]:
    """Ask the payer's bank. There is no system fee."""
    steps = Steps(await payments.lock(tx.session, {r.payment_id for r in requests}), tx)
    answers = [_ask_bank(request, steps, tx) for request in requests]
    await payments.save(tx.session, steps)
    return [a if isinstance(a, Refusal) else payment_view(a, 0) for a in answers]


def _ask_agent(request: CardChoice, steps: Steps[Payment], rules: CardRules, tx: Transaction) -> Payment | Refusal:
    payment = _choosable(steps, request.payment_id)
    if isinstance(payment, Refusal):
        return payment
    refusal = refuse_route(rules.routes, request.brand, request.agent)
    if refusal is not None:
        return refusal
    tx.publish(_authorization_request(payment, request, tx))
    tx.schedule(AuthorizationOverdue(payment_id=payment.payment_id), tx.now + rules.timeout)
    asked = authorize(payment, request.agent, request.card_token, request.brand, request.last4, tx.now)
    return steps.put(asked.payment_id, asked)


def _ask_bank(request: BankChoice, steps: Steps[Payment], tx: Transaction) -> Payment | Refusal:
    payment = _choosable(steps, request.payment_id)
    if isinstance(payment, Refusal):
        return payment
    answers_at = tx.now + behaviour_of(request.bank_code).answers_in
    tx.schedule(BankAnswered(payment_id=payment.payment_id), answers_at)
    return steps.put(payment.payment_id, ask_bank(payment, request.bank_code, tx.now))


def _choosable(known: Mapping[str, Payment], payment_id: str) -> Payment | Refusal:
    payment = known.get(payment_id)
    if payment is None:
        return Refusal("payment_unknown", f"there is no payment {payment_id}", "scan the slip first: POST /scans")
    if payment.erased_at is not None:
        return erased(payment_id, payment.erased_at)
    if payment.status is not PaymentStatus.SCANNED:
        wrong = f"payment {payment_id} is {payment.status.value}: its method has been chosen"
        return Refusal("method_already_chosen", wrong, "read it with GET /payments/{id}, or scan the slip again")
    return payment


def _authorization_request(payment: Payment, request: CardChoice, tx: Transaction) -> AuthorizationRequested:
    return AuthorizationRequested(
        payment_id=payment.payment_id,
        agent=request.agent,
        card_token=request.card_token,
        brand=request.brand,
        amount=payment.amount,
        requested_at=tx.now,
    )
