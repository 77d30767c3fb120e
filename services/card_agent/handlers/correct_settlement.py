"""精算訂正: the agent checks what it actually paid for a closing, corrects its books, and pays the rest."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.card_agent.anomalies import CorrectionAnswer, CorrectionRequest
from contracts.vocabulary import Agent, Refusal, SettlementAnomaly, business_date
from services.card_agent.domain.settlement import Closing, Deposit
from services.card_agent.domain.terms import Terms
from services.card_agent.handlers.accept_proxy_payment import open_closing
from services.card_agent.handlers.deposit_due import announce
from services.card_agent.store import anomalies, authorizations, closings, deposits
from services.card_agent.store.anomalies import OfClosing
from services.chassis.steps import Steps
from services.chassis.transaction import Transaction


async def correct_settlements(
    requests: Sequence[CorrectionRequest], tx: Transaction, *, agent: Agent, terms: Terms
) -> Sequence[CorrectionAnswer | Refusal]:
    """What is missing is deposited at once (追加入金); a payment left out goes into the next closing (繰越)."""
    return [await _correct(request.statement_id, tx, agent, terms) for request in requests]


async def _correct(statement_id: str, tx: Transaction, agent: Agent, terms: Terms) -> CorrectionAnswer | Refusal:
    closing = (await closings.lock_of_statements(tx.session, [statement_id])).get(statement_id)
    if closing is None:
        return unknown_statement(statement_id)
    of_closing = (await anomalies.of_closings(tx.session, [closing.closed_on])).get(closing.closed_on, {})
    made_good = await _make_good(closing, agent, tx)
    carried = await _carry_over(of_closing, tx, terms)
    uncorrected = [anomaly for anomaly in of_closing.values() if anomaly.corrected_at is None]
    if not (made_good or carried or uncorrected) or closing.issued_at is None:
        return Refusal(
            "nothing_to_correct",
            f"statement {statement_id} and its deposits are as they should be, as far as they are due",
            "find one that is not with GET /statements",
        )
    await anomalies.save(tx.session, [anomaly._replace(corrected_at=tx.now) for anomaly in uncorrected])
    return CorrectionAnswer(statement_id=statement_id, deposited=made_good, carried_over=carried)


async def _make_good(closing: Closing, agent: Agent, tx: Transaction) -> int:
    """Deposit what the ward's account did not receive on its day. From now on the books show the amount paid."""
    if closing.deposited_on is None:
        return 0
    found = (await deposits.of_statements(tx.session, [closing.statement_id])).get(closing.statement_id, ())
    await deposits.save(tx.session, [d._replace(believed=d.reaches_the_ward) for d in found])
    missing = closing.amount - closing.fee - sum(d.reaches_the_ward for d in found)
    if missing <= 0:
        return 0
    today, name = business_date(tx.now), f"supplement/{len(found)}"
    deposit_id = tx.new_id("deposit", closing.statement_id, name)
    supplement = Deposit(deposit_id, closing.statement_id, name, missing, today, missing, today, "")
    await deposits.add(tx.session, [supplement])
    announce(supplement, closing, agent, tx)
    return missing


async def _carry_over(of_closing: OfClosing, tx: Transaction, terms: Terms) -> tuple[str, ...]:
    """繰越: a payment left out of its closing counts for the one that is open now."""
    left_out = of_closing.get(SettlementAnomaly.PAYMENT_LEFT_OUT)
    if left_out is None or left_out.met_payment_id is None or left_out.corrected_at is not None:
        return ()
    following = await open_closing(tx, terms)
    steps = Steps(await authorizations.lock(tx.session, [left_out.met_payment_id]), tx)
    for payment_id, a in steps.known.items():
        steps.put(payment_id, a._replace(closes_on=following.closed_on))
    await authorizations.save(tx.session, steps)
    return tuple(steps.changed)


def unknown_statement(statement_id: str) -> Refusal:
    return Refusal(
        "statement_unknown", f"this agent has no statement {statement_id}", "list them: GET /statements of the agent"
    )
