"""締め: total what a period counts, and tell the ward with a breakdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import ClosingStatementIssued, StatementLine
from contracts.topics import settler_of
from contracts.vocabulary import Agent, Yen
from services.card_agent import store
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing
from services.card_agent.timers import ClosingDue, DepositDue
from services.chassis.transaction import Transaction


async def issue_statements(due: Sequence[ClosingDue], tx: Transaction, *, agent: Agent, terms: Terms) -> None:
    """A period is issued once. One whose payments were all withdrawn has no statement and no deposit."""
    for timer in due:
        opened = await store.lock_statement(tx.session, timer.statement_id)
        if opened.issued_at is not None:
            continue
        lines = await store.closing_lines(tx.session, opened.closed_on)
        amount = Yen(sum(amount for _, amount in lines))
        closing = replace(opened, count=len(lines), amount=amount, fee=terms.fee(amount), issued_at=tx.now)
        for page in _statement(closing, lines, agent).paged():
            tx.publish(page)
        if lines:
            tx.schedule(DepositDue(statement_id=closing.statement_id), terms.deposit_at(closing.deposit_on))
        await store.save_closing(tx.session, closing)


def _statement(closing: Closing, lines: Sequence[tuple[str, Yen]], agent: Agent) -> ClosingStatementIssued:
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
        lines=tuple(StatementLine(payment_id, amount) for payment_id, amount in lines),
    )
