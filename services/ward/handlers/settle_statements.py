"""消込: what follows for a statement when one of its pages, its deposit or a receipt that it lists has come.

Only a statement that has all its pages and its deposit is compared with the receipts, line by line, by the database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Protocol

from contracts.vocabulary import on_the_clock
from services.chassis.transaction import Transaction
from services.ward.domain.ledger import Entry
from services.ward.domain.reconciliation import NO_LINES, open_reasons
from services.ward.domain.settlement import Statement, overdue_since, settlement_transfers, to_book
from services.ward.store import ledger, statement_lines, statements
from services.ward.timers import DeemingReview, DepositExpected


class AnnouncedDeposit(Protocol):
    """What a page or a statement announces of its deposit."""

    @property
    def statement_id(self) -> str: ...

    @property
    def deposit_on(self) -> date: ...

    @property
    def designated_date(self) -> date | None: ...


async def settle(causes: Sequence[tuple[str, Entry]], tx: Transaction) -> None:
    """Pages, deposits or decisions have come; `causes` are the statement's id and ledger entry of each."""
    entries = dict(causes)
    assert len(entries) == len(causes), "events of one key never share a wave"
    found = await statements.lock(tx.session, entries)
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
    await ledger.book(tx.session, entries.values(), tx.now)
    await _reconcile(settled, tx)


def expect_deposit(announced: AnnouncedDeposit, expected_by: time, cause: str, tx: Transaction) -> None:
    """Schedules the check for the deposit at its hour, and the review of the deeming after the designated date."""
    due_at = max(tx.now, on_the_clock(announced.deposit_on, expected_by))
    tx.schedule(DepositExpected(statement_id=announced.statement_id, cause=cause), due_at)
    if announced.designated_date is not None:
        over_at = on_the_clock(announced.designated_date + timedelta(days=1), time(0))
        tx.schedule(DeemingReview(statement_id=announced.statement_id, cause=cause), max(tx.now, over_at))


async def reconsider(confirmed: Sequence[str], changed: Sequence[str], tx: Transaction) -> None:
    """Decide again about the statements that list payments whose receipts were confirmed, or changed (取消, 不一致).

    A confirmation can only help a statement to agree; a change can also open one that was reconciled.
    """
    if confirmed or changed:
        concerned = await statements.lock_listing(tx.session, confirmed=confirmed, changed=changed)
        cause = tx.new_id("reconsidered", *sorted(confirmed), "", *sorted(changed)) if concerned else ""
        await reopen_or_reconcile(concerned, cause, tx)


async def reopen_or_reconcile(statement_ids: Collection[str], cause: str, tx: Transaction) -> None:
    """Decide again whether these statements are reconciled; `cause` names what has changed."""
    if statement_ids:
        found = await statements.lock(tx.session, statement_ids)
        for statement in found.values():
            _review_deeming(statement, cause, tx)
        await _reconcile(found.values(), tx)


def _review_deeming(statement: Statement, cause: str, tx: Transaction) -> None:
    """A deposit or decision after the designated date may make lapsed payments count again.

    That is reviewed in a separate transaction, since it locks slips, which come before statements.
    """
    if statement.lapsed_at is not None:
        tx.schedule(DeemingReview(statement_id=statement.statement_id, cause=cause), tx.now)


async def _reconcile(locked: Collection[Statement], tx: Transaction) -> None:
    settled = [s.statement_id for s in locked if s.is_settled]
    lines = await statement_lines.counts(tx.session, settled) if settled else {}
    decided = []
    for statement in locked:
        agrees = not open_reasons(statement, lines.get(statement.statement_id, NO_LINES))
        since = (statement.reconciled_at or tx.now) if agrees else None
        decided.append(replace(statement, reconciled_at=since))
    await statements.save(tx.session, decided)
