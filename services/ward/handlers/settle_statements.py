"""消込: what follows for a statement when one of its pages, its deposit or a receipt that it lists has come.

Only a statement that has all its pages and its deposit is held against the receipts, line by line and inside the
database; whatever comes before that is merely kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.ledger import Entry
from services.ward.domain.reconciliation import NO_LINES, open_reasons
from services.ward.domain.settlement import Statement, settlement_transfers, to_book


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
        settled.append(replace(statement, booked=booked, settled_at=since))
    await store.book(tx.session, entries.values(), tx.now)
    await _reconcile(settled, tx)


async def reconsider(confirmed: Sequence[str], upset: Sequence[str], tx: Transaction) -> None:
    """Receipts were confirmed, or upset (cancelled, contradicted): look again at the statements that list them.

    A confirmation can only mend a statement; what upsets a receipt can also open one that was reconciled.
    """
    if confirmed or upset:
        concerned = await store.lock_listing(tx.session, confirmed=confirmed, upset=upset)
        await reopen_or_reconcile(concerned, tx)


async def reopen_or_reconcile(statement_ids: Collection[str], tx: Transaction) -> None:
    """Decide anew whether these statements are reconciled."""
    if statement_ids:
        await _reconcile((await store.lock_statements(tx.session, statement_ids)).values(), tx)


async def _reconcile(statements: Collection[Statement], tx: Transaction) -> None:
    settled = [s.statement_id for s in statements if s.is_settled]
    lines = await store.lines_of(tx.session, settled) if settled else {}
    decided = []
    for statement in statements:
        agrees = not open_reasons(statement, lines.get(statement.statement_id, NO_LINES))
        since = (statement.reconciled_at or tx.now) if agrees else None
        decided.append(replace(statement, reconciled_at=since))
    await store.save_settled(tx.session, decided)
