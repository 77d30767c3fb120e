"""精算訂正: the agent looks at what it really did for a closing, mends its books, and makes good what it owes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.http.card_agent.anomalies import CorrectionAnswer, CorrectionRequest
from contracts.vocabulary import Agent, Refusal, SettlementAnomaly, business_date
from services.card_agent import store
from services.card_agent.domain.terms import Terms
from services.card_agent.handlers.accept_proxy_payment import open_closing
from services.card_agent.handlers.deposit_due import announce
from services.card_agent.store import Closing, Deposit, KeptAnomaly
from services.chassis.transaction import Transaction


async def correct_settlements(
    requests: Sequence[CorrectionRequest], tx: Transaction, *, agent: Agent, terms: Terms
) -> Sequence[CorrectionAnswer | Refusal]:
    """What is missing is deposited at once (追加入金); a payment left out goes into the next closing (繰越)."""
    return [await _correct(request.statement_id, tx, agent, terms) for request in requests]


async def _correct(statement_id: str, tx: Transaction, agent: Agent, terms: Terms) -> CorrectionAnswer | Refusal:
    closing = (await store.lock_statements(tx.session, [statement_id])).get(statement_id)
    if closing is None:
        return unknown_statement(statement_id)
    anomalies = (await store.anomalies_of(tx.session, [closing.closed_on])).get(closing.closed_on, {})
    made_good = await _make_good(closing, agent, tx)
    carried = await _carry_over(closing, anomalies, tx, terms)
    open_ones = [kept for kept in anomalies.values() if kept.corrected_at is None]
    if not (made_good or carried or open_ones) or closing.issued_at is None:
        return Refusal(
            "nothing_to_correct",
            f"statement {statement_id} and its deposits are as they should be, as far as they are due",
            "look at GET /statements for one that is not",
        )
    await store.save_anomalies(tx.session, [replace(kept, corrected_at=tx.now) for kept in open_ones])
    return CorrectionAnswer(statement_id=statement_id, deposited=made_good, carried_over=carried)


async def _make_good(closing: Closing, agent: Agent, tx: Transaction) -> int:
    """Deposit what has not reached the ward's account, once its day has come; from now on the books say what is so."""
    if closing.deposited_on is None:
        return 0
    found = (await store.deposits_of(tx.session, [closing.statement_id])).get(closing.statement_id, [])
    await store.save_deposits(tx.session, [replace(d, believed=d.reaches_the_ward) for d in found])
    missing = closing.amount - closing.fee - sum(d.reaches_the_ward for d in found)
    if missing <= 0:
        return 0
    today, name = business_date(tx.now), f"supplement/{len(found)}"
    deposit_id = tx.new_id("deposit", closing.statement_id, name)
    supplement = Deposit(deposit_id, closing.statement_id, name, missing, today, missing, today, "")
    await store.add_deposits(tx.session, [supplement])
    announce(supplement, closing, agent, tx)
    return missing


async def _carry_over(
    closing: Closing, anomalies: Mapping[SettlementAnomaly, KeptAnomaly], tx: Transaction, terms: Terms
) -> tuple[str, ...]:
    """A payment left out of this closing counts for the one that is open now."""
    left_out = anomalies.get(SettlementAnomaly.PAYMENT_LEFT_OUT)
    if left_out is None or left_out.met_payment_id is None or left_out.corrected_at is not None:
        return ()
    following = await open_closing(tx, terms)
    known = await store.lock(tx.session, [left_out.met_payment_id])
    moved = {payment_id: a._replace(closes_on=following.closed_on) for payment_id, a in known.items()}
    await store.save(tx.session, known, moved)
    return tuple(moved)


def unknown_statement(statement_id: str) -> Refusal:
    """This agent has no such statement."""
    return Refusal(
        "statement_unknown", f"this agent has no statement {statement_id}", "list them: GET /statements of the agent"
    )
