"""締め: total what a period counts, and send the ward a statement with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import ClosingStatementIssued, StatementLine
from contracts.topics import settler_of
from contracts.vocabulary import Agent, Yen
from services.card_agent.behaviour import AskedAnomaly, Statement, statement_of
from services.card_agent.domain.settlement import Closing, parts, total
from services.card_agent.domain.terms import Terms
from services.card_agent.store import anomalies, authorizations, closings
from services.card_agent.store.anomalies import OfClosing
from services.card_agent.timers import ClosingDue, DepositDue
from services.chassis.transaction import Transaction


async def issue_statements(due: Sequence[ClosingDue], tx: Transaction, *, agent: Agent, terms: Terms) -> None:
    """Each period once. One whose payments were all withdrawn has no statement and no deposit."""
    for opened in await closings.lock_due(tx.session, [timer.statement_id for timer in due]):
        if opened.issued_at is not None:
            continue
        statement, of_closing = await draw_up(opened, tx)
        await anomalies.save(tx.session, _met(statement, of_closing))
        counted = statement.counted
        fee = Yen(sum(part.fee for part in parts(counted, terms)))
        closing = replace(opened, count=len(counted), amount=total(counted), fee=fee, issued_at=tx.now)
        for page in _issued(closing, statement, agent, terms).paged():
            tx.publish(page)
        if counted:
            tx.schedule(DepositDue(statement_id=closing.statement_id), terms.deposit_at(closing.deposit_on))
        await closings.save(tx.session, closing)


async def draw_up(closing: Closing, tx: Transaction) -> tuple[Statement, OfClosing]:
    """The statement of what a closing counts, and the anomalies (異常) asked for it."""
    counted = await authorizations.counted(tx.session, closing.closed_on)
    of_closing = (await anomalies.of_closings(tx.session, [closing.closed_on])).get(closing.closed_on, {})
    asked = {kind: anomaly.asked for kind, anomaly in of_closing.items()}
    return statement_of(counted, asked, tx.new_id("unknown-payment", closing.statement_id)), of_closing


def _met(statement: Statement, of_closing: OfClosing) -> Sequence[AskedAnomaly]:
    return [
        of_closing[kind]._replace(met_payment_id=payment.payment_id, met_yen=payment.amount)
        for kind, payment in statement.met.items()
    ]


def _issued(closing: Closing, statement: Statement, agent: Agent, terms: Terms) -> ClosingStatementIssued:
    return ClosingStatementIssued(
        statement_id=closing.statement_id,
        settler=settler_of(agent),
        closed_on=closing.closed_on,
        deposit_on=closing.deposit_on,
        total_count=closing.count,
        total_amount=Yen(closing.amount),
        fee=Yen(closing.fee),
        page=1,
        pages=1,
        lines=tuple(StatementLine(p.payment_id, p.amount, p.approved_at, p.entrusted_at) for p in statement.listed),
        designated_date=terms.designated_date(closing.deposit_on),
    )
