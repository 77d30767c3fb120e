"""What a card agent's books say: what it took on, its statements, their lines, the deposits it believes it made."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import Books, DepositRow, ProxyPaymentRow, StatementLineRow, StatementRow
from contracts.topics import card_agent, settler_of
from contracts.vocabulary import Agent
from services.card_agent import store
from services.card_agent.behaviour import AnomalyKind
from services.card_agent.domain.authorization import AuthorizationStatus
from services.card_agent.store import KeptAnomaly


async def books(session: AsyncConnection, agent: Agent) -> Books:
    """All of it, unsorted. A closing that came to nothing has no statement."""
    settler = settler_of(agent).value
    owed = [(a, a.closes_on) for a in await store.find_owed(session) if a.closes_on is not None]
    issued = [c for c in await store.all_closings(session) if c.count > 0]
    statement_of = {c.closed_on: c.statement_id for c in issued}
    anomalies = await store.all_anomalies(session)
    made = await store.all_deposits(session)
    return Books(
        party=card_agent(agent),
        proxy_payments=[
            ProxyPaymentRow(a.payment_id, settler, a.amount, a.status.value, closes_on) for a, closes_on in owed
        ],
        statements=[
            StatementRow(c.statement_id, settler, c.closed_on, c.deposit_on, c.count, c.amount, c.fee) for c in issued
        ],
        lines=[
            *(
                StatementLineRow(statement_of[closes_on], a.payment_id, a.amount)
                for a, closes_on in owed
                if a.status is AuthorizationStatus.TAKEN_ON
                and closes_on in statement_of
                and a.payment_id not in _not_listed(anomalies.get(closes_on, {}))
            ),
            *(
                StatementLineRow(statement_of[day], kept.met_payment_id, kept.met_yen)
                for day, of_day in anomalies.items()
                for kept in of_day.values()
                if kept.asked.kind is AnomalyKind.UNKNOWN_PAYMENT and kept.met_payment_id is not None
            ),
        ],
        deposits=[
            DepositRow(d.deposit_id, d.statement_id, settler, d.believed, d.believed_on) for d in made if d.believed
        ],
    )


def _not_listed(anomalies: Mapping[AnomalyKind, KeptAnomaly]) -> set[str | None]:
    """The payments of a closing that its statement does not list: one omitted is, once that is corrected."""
    left_out, omitted = anomalies.get(AnomalyKind.PAYMENT_LEFT_OUT), anomalies.get(AnomalyKind.LINE_OMITTED)
    found = [left_out] if left_out else []
    found += [omitted] if omitted and omitted.corrected_at is None else []
    return {kept.met_payment_id for kept in found}
