"""What a card agent's books say: what it took on, its statements, their lines, its deposits."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import Books, DepositRow, ProxyPaymentRow, StatementLineRow, StatementRow
from contracts.topics import card_agent, settler_of
from contracts.vocabulary import Agent
from services.card_agent import store
from services.card_agent.domain.authorization import AuthorizationStatus


async def books(session: AsyncConnection, agent: Agent) -> Books:
    """All of it, unsorted. A closing that came to nothing has no statement."""
    settler = settler_of(agent).value
    owed = [(a, a.closes_on) for a in await store.find_owed(session) if a.closes_on is not None]
    issued = [c for c in await store.all_closings(session) if c.count > 0]
    statement_of = {c.closed_on: c.statement_id for c in issued}
    return Books(
        party=card_agent(agent),
        proxy_payments=[
            ProxyPaymentRow(a.payment_id, settler, a.amount, a.status.value, closes_on) for a, closes_on in owed
        ],
        statements=[
            StatementRow(c.statement_id, settler, c.closed_on, c.deposit_on, c.count, c.amount, c.fee) for c in issued
        ],
        lines=[
            StatementLineRow(statement_of[closes_on], a.payment_id, a.amount)
            for a, closes_on in owed
            if a.status is AuthorizationStatus.TAKEN_ON and closes_on in statement_of
        ],
        deposits=[
            DepositRow(c.deposit_id, c.statement_id, settler, c.amount - c.fee, c.deposited_on)
            for c in issued
            if c.deposit_id is not None and c.deposited_on is not None
        ],
    )
