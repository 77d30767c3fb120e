"""差異の処理: record a decision about a settlement that does not agree, with its person, reason and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import NamedTuple

from contracts.http.ward.settlement import ResolutionRequest, ResolutionView
from contracts.vocabulary import Refusal, business_date
from services.chassis.transaction import Transaction
from services.ward.domain.ledger import Entry
from services.ward.domain.resolution import (
    Action,
    Decided,
    ListedPayment,
    SeenDeposit,
    decide_deposit,
    decide_difference,
    decide_line,
)
from services.ward.domain.settlement import Statement
from services.ward.handlers.settle_statements import expect_deposit, settle
from services.ward.store import deposits, resolutions, statement_lines, statements
from services.ward.store.rows import StoredLine, StoredResolution
from services.ward.views import resolution_view


class _Case(NamedTuple):
    """The rows that a request concerns, all locked."""

    statement_id: str
    statement: Statement | None
    line: ListedPayment | None
    deposit: SeenDeposit | None
    others: Sequence[str]
    """Other statements that it may change: the deposit's former one, those that list the payment too."""


async def resolve_differences(
    requests: Sequence[ResolutionRequest], tx: Transaction, *, expected_by: time
) -> Sequence[ResolutionView | Refusal]:
    """One after the other. A decision repeated by the same person for the same reason is answered as the first was."""
    return [await _resolve(request, tx, expected_by) for request in requests]


async def _resolve(request: ResolutionRequest, tx: Transaction, expected_by: time) -> ResolutionView | Refusal:
    case = await _look(request, tx)
    if isinstance(case, Refusal):
        return case
    decided = _decide(Action(request.action), case)
    if isinstance(decided, Refusal):
        return await _decided_before(request, case.statement_id, tx) or decided
    number = str(len(await resolutions.of_statement(tx.session, case.statement_id)) + 1)
    resolution_id = tx.new_id("resolution", case.statement_id, number)
    resolution = _resolution(request, case.statement_id, decided, resolution_id, tx)
    await resolutions.add(tx.session, resolution)
    await _change(Action(request.action), case, decided, tx)
    today, source = business_date(tx.now), f"resolution/{resolution_id}"
    unbooked = [(other, Entry(f"{source}/{other}", today, ())) for other in case.others]
    await settle([(case.statement_id, Entry(source, today, decided.transfers)), *unbooked], tx)
    for short in (await statements.find(tx.session, case.others)).values():
        if short.difference < 0:
            expect_deposit(short, expected_by, source, tx)
    return resolution_view(resolution)


async def _look(request: ResolutionRequest, tx: Transaction) -> _Case | Refusal:
    """Lock every statement concerned in one step, then read the subject of each decision."""
    deposit = None
    if request.deposit_id is not None:
        deposit = await deposits.seen(tx.session, request.deposit_id)
        if deposit is None:
            return _unknown("deposit", request.deposit_id)
    statement_id = request.statement_id or (deposit.counts_for if deposit else None)
    if statement_id is None:
        return Refusal("resolution_incomplete", "no statement is named", "name the statement_id, or a deposit_id")
    others = {deposit.counts_for} if deposit else set()
    if request.payment_id is not None:
        others |= set(await statement_lines.statements_listing(tx.session, request.payment_id))
    found = await statements.lock(tx.session, {statement_id, *others})
    if deposit is not None:  # another decision about it may have been made meanwhile
        deposit = await deposits.seen(tx.session, deposit.deposit_id)
    statement = found.get(statement_id)
    if statement is None and deposit is None:
        return _unknown("statement", statement_id)
    line = None
    if request.payment_id is not None and statement is not None:
        lines = (await statement_lines.counts(tx.session, [statement_id])).get(statement_id)
        room = statement.total_amount - (lines.amount if lines else 0)
        line = await statement_lines.listed_payment(tx.session, statement_id, request.payment_id, room)
    return _Case(statement_id, statement, line, deposit, sorted(others - {statement_id}))


def _decide(action: Action, case: _Case) -> Decided | Refusal:
    if action is Action.REASSIGN_DEPOSIT:
        if case.deposit is None:
            return Refusal(
                "resolution_incomplete", "no deposit is named", "name the deposit_id that is to be reassigned"
            )
        return decide_deposit(case.deposit, case.statement, case.statement_id)
    if case.statement is None:
        return _unknown("statement", case.statement_id)
    if case.line is not None:
        return decide_line(action, case.statement, case.line)
    if action in (Action.RETURN_PAYMENT, Action.ADD_LINE):
        return Refusal("resolution_incomplete", "no payment is named", "name the payment_id that is meant")
    return decide_difference(action, case.statement)


async def _change(action: Action, case: _Case, decided: Decided, tx: Transaction) -> None:
    """Write what a decision changes apart from the ledger."""
    if case.deposit is not None and action is Action.REASSIGN_DEPOSIT:
        await deposits.reassign(tx.session, case.deposit.deposit_id, case.statement_id)
    elif case.line is not None and action is Action.ADD_LINE:
        line = StoredLine(case.statement_id, case.line.payment_id, decided.amount)
        await statement_lines.add(tx.session, line)
    elif case.line is not None:
        await statement_lines.decide(tx.session, case.statement_id, case.line.payment_id, action)


async def _decided_before(request: ResolutionRequest, statement_id: str, tx: Transaction) -> ResolutionView | None:
    """An earlier decision equal to the request, by the same person for the same reason; None if there is none."""
    asked = (request.action, request.payment_id, request.deposit_id, request.decided_by, request.because)
    for row in reversed(await resolutions.of_statement(tx.session, statement_id)):
        if (row.action, row.payment_id, row.deposit_id, row.decided_by, row.because) == asked:
            return resolution_view(row)
    return None


def _resolution(
    request: ResolutionRequest, statement_id: str, decided: Decided, resolution_id: str, tx: Transaction
) -> StoredResolution:
    return StoredResolution(
        resolution_id=resolution_id,
        statement_id=statement_id,
        action=Action(request.action),
        payment_id=request.payment_id,
        deposit_id=request.deposit_id,
        amount=decided.amount,
        effect=decided.effect,
        claimed=decided.claimed,
        returned=decided.returned,
        restored=decided.restored,
        decided_by=request.decided_by,
        because=request.because,
        decided_at=tx.now,
    )


def _unknown(what: str, name: str) -> Refusal:
    return Refusal(f"{what}_unknown", f"the ward has no {what} {name}", "list the open items: GET /open-items")
