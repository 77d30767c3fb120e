"""代理納付の引受: from here the agent owes the ward the amount, and says when it will come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from contracts.events import ProxyPaymentAccepted, ProxyPaymentRequested
from contracts.vocabulary import Agent, business_date
from services.card_agent import store
from services.card_agent.domain.authorization import accept, was_accepted
from services.card_agent.domain.issuer import Issuer
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing
from services.card_agent.timers import ClosingDue, WithdrawalDue
from services.chassis.transaction import Transaction


async def accept_proxy_payments(
    requests: Sequence[ProxyPaymentRequested], tx: Transaction, *, agent: Agent, terms: Terms, issuer: Issuer
) -> None:
    """Only what was approved, for the amount that was approved. All taken on at one instant share a closing, which is
    begun for what is new, and for nothing else."""
    closing = await _current_closing(tx, terms)
    if isinstance(closing, date):
        seen = await store.find(tx.session, {r.payment_id for r in requests})
        if all((a := seen.get(r.payment_id)) and was_accepted(a, r.amount, r.entrusted_at) for r in requests):
            tx.repeated.extend(requests)
            return
        closing = await open_closing(tx, terms)
    designated_date = terms.designated_date(closing.deposit_on)
    before, outcomes = await store.lock_with_outcomes(tx.session, {r.payment_id for r in requests})
    after = dict(before)
    for request in requests:
        approved = after.get(request.payment_id)
        if approved is not None and was_accepted(approved, request.amount, request.entrusted_at):
            tx.repeated.append(request)
            continue
        taken = accept(approved, request.payment_id, request.amount, closing.closed_on, tx.now)
        taken = taken._replace(entrusted_at=request.entrusted_at)
        after[request.payment_id] = taken
        tx.publish(
            ProxyPaymentAccepted(
                payment_id=taken.payment_id,
                agent=agent,
                amount=taken.amount,
                accepted_at=tx.now,
                closes_on=closing.closed_on,
                deposit_on=closing.deposit_on,
                designated_date=designated_date,
            )
        )
        revoked_at = issuer.revokes_sale_at(outcomes[taken.payment_id], tx.now)
        if revoked_at is not None:
            tx.schedule(WithdrawalDue(payment_id=taken.payment_id), revoked_at)
    await store.save(tx.session, before, after)


async def open_closing(tx: Transaction, terms: Terms) -> Closing:
    """The closing that counts what is taken on now, locked; the next one where that has been issued already."""
    while isinstance(found := await _current_closing(tx, terms), date):
        await _begin_closing(found, tx, terms)
    return found


async def _current_closing(tx: Transaction, terms: Terms) -> Closing | date:
    """The same, or the day of one that has yet to be begun."""
    closed_on = terms.closes_on(business_date(tx.now))
    while (closing := (await store.lock_closings(tx.session, [closed_on])).get(closed_on)) is not None:
        if closing.issued_at is None:
            return closing
        closed_on = terms.closes_on(closed_on + timedelta(days=1))
    return closed_on


async def _begin_closing(closed_on: date, tx: Transaction, terms: Terms) -> None:
    statement_id = tx.new_id("statement", tx.principal, closed_on.isoformat())
    closing = Closing(closed_on, statement_id, terms.deposit_on(closed_on))
    if await store.add_closing(tx.session, closing):
        tx.schedule(ClosingDue(statement_id=statement_id), terms.close_at(closed_on))
