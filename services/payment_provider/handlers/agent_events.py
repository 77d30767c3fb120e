"""The payment that an agent's event is about."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
)
from services.payment_provider.domain.payment import Payment

AgentEvent = (
    AuthorizationApproved | AuthorizationDeclined | AuthorizationReversed | ProxyPaymentAccepted | ProxyPaymentWithdrawn
)


def payment_of(event: AgentEvent, known: Mapping[str, Payment]) -> Payment:
    """Raises `LookupError` if there is no such payment, or the event is not of its agent or not of its amount."""
    payment = known.get(event.payment_id)
    if payment is None:
        raise LookupError(f"agent {event.agent} names payment {event.payment_id}, which does not exist")
    if payment.agent is not event.agent:
        raise LookupError(f"agent {event.agent} names payment {event.payment_id}, which is of agent {payment.agent}")
    if not isinstance(event, AuthorizationDeclined | AuthorizationReversed) and event.amount != payment.amount:
        reported = f"¥{event.amount:,} for payment {event.payment_id}, which is of ¥{payment.amount:,}"
        raise LookupError(f"agent {event.agent} reports {reported}")
    return payment
