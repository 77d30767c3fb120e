"""異常の依頼: let the settlement of a closing go wrong, on request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from contracts.http.card_agent.anomalies import SettlementAnomalyRequest, SettlementAnomalyView
from contracts.vocabulary import Refusal, SettlementAnomaly, business_date
from services.card_agent.behaviour import OF_STATEMENTS, AskedAnomaly
from services.card_agent.domain.settlement import Closing
from services.card_agent.domain.terms import Terms
from services.card_agent.store import anomalies, closings
from services.card_agent.views import anomaly_view
from services.chassis.transaction import Transaction


async def inject_anomalies(
    requests: Sequence[SettlementAnomalyRequest], tx: Transaction, *, terms: Terms
) -> Sequence[SettlementAnomalyView | Refusal]:
    """One of each kind for a closing, until its statement is issued or its deposit made. The same one twice is one."""
    return [await _inject(request, tx, terms) for request in requests]


async def _inject(request: SettlementAnomalyRequest, tx: Transaction, terms: Terms) -> SettlementAnomalyView | Refusal:
    if request.kind is SettlementAnomaly.FEE_TWICE and not terms.agreed.keeps_fees:
        return Refusal(
            "anomaly_without_fee",
            "this agent deducts no fee from its deposits, so it cannot deduct one twice",
            "set fee_basis=net and fee_per_mille, or ask for deposit_short",
        )
    closed_on = await _next_closing(tx, terms) if request.closed_on is None else request.closed_on
    refusal = _refuse_day(closed_on, terms) or _refuse_time(
        request.kind, (await closings.lock(tx.session, [closed_on])).get(closed_on)
    )
    if refusal is not None:
        return refusal
    new = AskedAnomaly(closed_on, request.kind, request.yen, request.business_days, request.payment_id, tx.now)
    known = (await anomalies.of_closings(tx.session, [closed_on])).get(closed_on, {}).get(request.kind)
    if known is None:
        await anomalies.add(tx.session, [new])
        return anomaly_view(new)
    if known.asked != new.asked:
        return Refusal(
            "anomaly_exists",
            f"the closing of {closed_on} has another {request.kind.value} already",
            "ask for another kind, or for another closing",
        )
    return anomaly_view(known)


async def _next_closing(tx: Transaction, terms: Terms) -> date:
    """The first closing from today on that is not issued."""
    closed_on = terms.closes_on(business_date(tx.now))
    closing = (await closings.lock(tx.session, [closed_on])).get(closed_on)
    issued = closing is not None and closing.issued_at is not None
    return terms.closes_on(closed_on + timedelta(days=1)) if issued else closed_on


def _refuse_day(closed_on: date, terms: Terms) -> Refusal | None:
    closes_on = terms.closes_on(closed_on)
    if closes_on == closed_on:
        return None
    return Refusal(
        "closing_unknown",
        f"no period closes on {closed_on}; periods close on {terms.agreed.closing_days}",
        f"name a closing day, e.g. {closes_on}, or none for the next one",
    )


def _refuse_time(kind: SettlementAnomaly, closing: Closing | None) -> Refusal | None:
    if closing is None:
        return None
    if kind in OF_STATEMENTS and closing.issued_at is not None:
        done = f"the statement of {closing.closed_on} was issued"
    elif closing.deposited_on is not None:
        done = f"the closing of {closing.closed_on} was deposited"
    else:
        return None
    return Refusal("anomaly_too_late", f"{done}; it cannot go wrong any more", "name a later closing")
