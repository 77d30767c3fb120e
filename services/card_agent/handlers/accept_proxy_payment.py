"""代理納付の引受: from here the agent owes the ward the amount, and says when it will be deposited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from contracts.events import ProxyPaymentAccepted, ProxyPaymentRequested
from contracts.vocabulary import Agent, business_date
from services.card_agent.domain.authorization import accept, was_accepted
from services.card_agent.domain.issuer import Issuer
from services.card_agent.domain.settlement import Closing
from services.card_agent.domain.terms import Terms
from services.card_agent.store import authorizations, closings
from services.card_agent.timers import ClosingDue, WithdrawalDue
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction


async def accept_proxy_payments(
    requests: Sequence[ProxyPaymentRequested], tx: Transaction, *, agent: Agent, terms: Terms, issuer: Issuer
) -> None:
    """Accepts approved payments, for the amount approved. All acceptances of one instant share a closing; a closing is
    opened only for a new acceptance, not for repetitions."""
    closing = await _current_closing(tx, terms)
    if isinstance(closing, date):
        if await _are_repeated(requests, tx):
            tx.repeated.extend(requests)
            return
        closing = await open_closing(tx, terms)
    designated_date = terms.designated_date(closing.deposit_on)
    known, outcomes = await authorizations.lock_with_outcomes(tx.session, subjects(requests))
    steps = Steps(known, tx)
    for request in requests:
        approved = steps.get(request.payment_id)
        if was_accepted(approved, request.amount, request.entrusted_at):
            steps.take(request, None, repeated=True)
            continue
        accepted = accept(approved, request.payment_id, request.amount, closing.closed_on, tx.now)
        steps.take(request, accepted._replace(entrusted_at=request.entrusted_at))
        tx.publish(
            ProxyPaymentAccepted(
                payment_id=accepted.payment_id,
                agent=agent,
                amount=accepted.amount,
                accepted_at=tx.now,
                closes_on=closing.closed_on,
                deposit_on=closing.deposit_on,
                designated_date=designated_date,
            )
        )
        revoked_at = issuer.revokes_sale_at(outcomes[accepted.payment_id], tx.now)
        if revoked_at is not None:
            tx.schedule(WithdrawalDue(payment_id=accepted.payment_id), revoked_at)
    await authorizations.save(tx.session, steps)


async def open_closing(tx: Transaction, terms: Terms) -> Closing:
    """The closing that includes payments accepted now, locked: the next one if today's is issued already."""
    while isinstance(found := await _current_closing(tx, terms), date):
        await _add_closing(found, tx, terms)
    return found


async def _are_repeated(requests: Sequence[ProxyPaymentRequested], tx: Transaction) -> bool:
    found = await authorizations.find(tx.session, subjects(requests))
    return all(was_accepted(found.get(r.payment_id), r.amount, r.entrusted_at) for r in requests)


async def _current_closing(tx: Transaction, terms: Terms) -> Closing | date:
    """The closing that includes payments accepted now, locked; or its day, if it is not open yet."""
    closed_on = terms.closes_on(business_date(tx.now))
    while (closing := (await closings.lock(tx.session, [closed_on])).get(closed_on)) is not None:
        if closing.issued_at is None:
            return closing
        closed_on = terms.closes_on(closed_on + timedelta(days=1))
    return closed_on


async def _add_closing(closed_on: date, tx: Transaction, terms: Terms) -> None:
    statement_id = tx.new_id("statement", tx.principal, closed_on.isoformat())
    if await closings.add(tx.session, Closing(closed_on, statement_id, terms.deposit_on(closed_on))):
        tx.schedule(ClosingDue(statement_id=statement_id), terms.close_at(closed_on))
