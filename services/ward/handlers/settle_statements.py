"""消込: what follows for a statement when one of its pages, its deposit or a receipt that it lists has come.

Only a statement that has all its pages and its deposit is held against the receipts, line by line and inside the
database; whatever comes before that is merely kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Protocol

from contracts.vocabulary import on_the_clock
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.ledger import Entry
from services.ward.domain.reconciliation import NO_LINES, open_reasons
from services.ward.domain.settlement import Statement, overdue_since, settlement_transfers, to_book
from services.ward.timers import DeemingReview, DepositExpected


class Plan(Protocol):
    """What a settler has announced: a page, or the statement."""

    @property
    def statement_id(self) -> str: ...

    @property
    def deposit_on(self) -> date: ...

    @property
    def designated_date(self) -> date | None: ...


async def settle(causes: Sequence[tuple[str, Entry]], tx: Transaction) -> None:
    """Pages or deposits have come: pairs of the statement's id and the entry that each makes by itself."""
    entries = dict(causes)
    assert len(entries) == len(causes), "events of one key never share a wave"
    found = await store.lock_statements(tx.session, entries)
    settled = []
    for statement_id, statement in found.items():
        booked = to_book(statement)
        more = settlement_transfers(statement, booked)
        entries[statement_id] = entries[statement_id].with_more(more)
        since = statement.settled_at or (tx.now if statement.is_settled else None)
        overdue = overdue_since(statement, tx.now)
        settled.append(replace(statement, booked=booked, settled_at=since, overdue_since=overdue))
        _review_deeming(statement, entries[statement_id].source, tx)
        if statement.is_complete and statement.is_made_good:
            tx.cancel(DepositExpected, [statement_id])
            if statement.lapsed_at is None:
                tx.cancel(DeemingReview, [statement_id])
    await store.book(tx.session, entries.values(), tx.now)
    await _reconcile(settled, tx)


def expect_deposit(plan: Plan, expected_by: time, cause: str, tx: Transaction) -> None:
    """Schedules the check for the deposit at its hour, and the review of the deeming after the designated date."""
    due_at = max(tx.now, on_the_clock(plan.deposit_on, expected_by))
    tx.schedule(DepositExpected(statement_id=plan.statement_id, cause=cause), due_at)
    if plan.designated_date is not None:
        over_at = on_the_clock(plan.designated_date + timedelta(days=1), time(0))
        tx.schedule(DeemingReview(statement_id=plan.statement_id, cause=cause), max(tx.now, over_at))


async def reconsider(confirmed: Sequence[str], upset: Sequence[str], tx: Transaction) -> None:
    """Receipts were confirmed, or upset (cancelled, contradicted): look again at the statements that list them.

    A confirmation can only mend a statement; what upsets a receipt can also open one that was reconciled.
    """
    if confirmed or upset:
        concerned = await store.lock_listing(tx.session, confirmed=confirmed, upset=upset)
        cause = tx.new_id("reconsidered", *sorted(confirmed), "", *sorted(upset)) if concerned else ""
        await reopen_or_reconcile(concerned, cause, tx)


async def reopen_or_reconcile(statement_ids: Collection[str], cause: str, tx: Transaction) -> None:
    """Decide anew whether these statements are reconciled; `cause` names what has changed."""
    if statement_ids:
        found = await store.lock_statements(tx.session, statement_ids)
        for statement in found.values():
            _review_deeming(statement, cause, tx)
        await _reconcile(found.values(), tx)


def _review_deeming(statement: Statement, cause: str, tx: Transaction) -> None:
    """What comes after the designated date may make payments count again that did not.

    By itself, in a transaction of its own: it begins with the slips, which are locked before statements.
    """
    if statement.lapsed_at is not None:
        tx.schedule(DeemingReview(statement_id=statement.statement_id, cause=cause), tx.now)


async def _reconcile(statements: Collection[Statement], tx: Transaction) -> None:
    settled = [s.statement_id for s in statements if s.is_settled]
    lines = await store.lines_of(tx.session, settled) if settled else {}
    decided = []
    for statement in statements:
        agrees = not open_reasons(statement, lines.get(statement.statement_id, NO_LINES))
        since = (statement.reconciled_at or tx.now) if agrees else None
        decided.append(replace(statement, reconciled_at=since))
    await store.save_settled(tx.session, decided)
