"""締め: total what a period counts, and tell the ward with a breakdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.events import ClosingStatementIssued, StatementLine
from contracts.topics import settler_of
from contracts.vocabulary import Agent, SettlementAnomaly, Yen
from services.card_agent import store
from services.card_agent.behaviour import Told, tell
from services.card_agent.domain.settlement import parts, total
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing, KeptAnomaly
from services.card_agent.timers import ClosingDue, DepositDue
from services.chassis.transaction import Transaction


async def issue_statements(due: Sequence[ClosingDue], tx: Transaction, *, agent: Agent, terms: Terms) -> None:
    """A period is issued once. One whose payments were all withdrawn has no statement and no deposit."""
    for timer in due:
        opened = await store.lock_statement(tx.session, timer.statement_id)
        if opened.issued_at is not None:
            continue
        lines = await store.closing_lines(tx.session, opened.closed_on)
        anomalies = (await store.anomalies_of(tx.session, [opened.closed_on])).get(opened.closed_on, {})
        asked = {kind: kept.asked for kind, kept in anomalies.items()}
        told = tell(lines, asked, tx.new_id("unknown-payment", opened.statement_id))
        await store.save_anomalies(tx.session, _met(told, anomalies))
        fee = Yen(sum(part.fee for part in parts(told.counted, terms)))
        closing = replace(opened, count=len(told.counted), amount=total(told.counted), fee=fee, issued_at=tx.now)
        for page in _statement(closing, told, agent, terms).paged():
            tx.publish(page)
        if told.counted:
            tx.schedule(DepositDue(statement_id=closing.statement_id), terms.deposit_at(closing.deposit_on))
        await store.save_closing(tx.session, closing)


def _met(told: Told, anomalies: Mapping[SettlementAnomaly, KeptAnomaly]) -> Sequence[KeptAnomaly]:
    return [
        replace(anomalies[kind], met_payment_id=line.payment_id, met_yen=line.amount)
        for kind, line in told.concerned.items()
    ]


def _statement(closing: Closing, told: Told, agent: Agent, terms: Terms) -> ClosingStatementIssued:
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
        lines=tuple(StatementLine(li.payment_id, li.amount, li.approved_at, li.entrusted_at) for li in told.lines),
        designated_date=terms.designated_date(closing.deposit_on),
    )
