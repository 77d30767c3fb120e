"""Event → handler: the card agent's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import AuthorizationRequested, AuthorizationReversalRequested, ProxyPaymentRequested
from contracts.vocabulary import Agent
from services.card_agent import timers
from services.card_agent.domain.issuer import Issuer
from services.card_agent.domain.terms import Terms
from services.card_agent.handlers.accept_proxy_payment import accept_proxy_payments
from services.card_agent.handlers.authorize_card import authorize_cards
from services.card_agent.handlers.closing_due import issue_statements
from services.card_agent.handlers.deposit_due import make_deposits, make_late_transfers
from services.card_agent.handlers.issuer_answered import record_late_answers
from services.card_agent.handlers.reverse_authorization import reverse_authorizations
from services.card_agent.handlers.withdraw_proxy_payment import withdraw_revoked
from services.chassis.consumer import On


def subscriptions(agent: Agent, terms: Terms, issuer: Issuer) -> Sequence[On]:
    return (
        On(AuthorizationRequested, partial(authorize_cards, agent=agent, issuer=issuer), natural_key=True),
        On(AuthorizationReversalRequested, partial(reverse_authorizations, agent=agent)),
        On(
            ProxyPaymentRequested,
            partial(accept_proxy_payments, agent=agent, terms=terms, issuer=issuer),
            natural_key=True,
        ),
        On(timers.IssuerAnswered, partial(record_late_answers, agent=agent, issuer=issuer)),
        On(timers.WithdrawalDue, partial(withdraw_revoked, agent=agent)),
        On(timers.ClosingDue, partial(issue_statements, agent=agent, terms=terms)),
        On(timers.DepositDue, partial(make_deposits, agent=agent, terms=terms)),
        On(timers.TransferDue, partial(make_late_transfers, agent=agent)),
    )
