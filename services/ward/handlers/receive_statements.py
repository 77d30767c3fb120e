"""締め明細受領: keep the pages of closing statements, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any, Final

from contracts.events import ClosingStatementIssued
from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.ledger import Entry
from services.ward.domain.receipts import Discrepancy
from services.ward.domain.settlement import Statement
from services.ward.handlers.settle_statements import expect_deposit, reopen_or_reconcile, settle

_SAID_ON_EVERY_PAGE: Final = ("settler", "closed_on", "deposit_on", "total_count", "total_amount", "fee", "pages")


async def receive_statements(pages: Sequence[ClosingStatementIssued], tx: Transaction, *, expected_by: time) -> None:
    """A page that says otherwise than an earlier one of its statement is kept as a discrepancy; the first stands."""
    ids = {p.statement_id for p in pages}
    known_pages = await store.known_pages(tx.session, ids)
    known = await store.find_statements(tx.session, ids)
    contradictions = [d for p in pages for d in _contradictions(p, known.get(p.statement_id), known_pages)]
    await store.add_discrepancies(tx.session, contradictions, tx.now)
    new = {(p.statement_id, p.page): p for p in pages if (p.statement_id, p.page) not in known_pages}
    if not new:
        return
    await store.add_statements(tx.session, [_statement_row(p, tx) for p in new.values()])
    for page in new.values():
        is_late = business_date(tx.now) > (page.designated_date or page.deposit_on)
        if page.statement_id not in known or is_late:
            expect_deposit(page, expected_by, f"page {page.page}", tx)
    lines = [
        {
            "statement_id": p.statement_id,
            "payment_id": line.payment_id,
            "amount": line.amount,
            "approved_at": line.approved_at,
            "entrusted_at": line.entrusted_at,
        }
        for p in new.values()
        for line in p.lines
    ]
    await store.add_pages(tx.session, [_page_row(p, tx) for p in new.values()], lines)
    payments = {line.payment_id for p in new.values() for line in p.lines}
    listing = await store.lock_listing(tx.session, upset=payments)  # the new pages' own statements among them
    today = business_date(tx.now)
    await settle([(p.statement_id, Entry(f"page/{p.statement_id}/{p.page}", today, ())) for p in new.values()], tx)
    others = set(listing) - {p.statement_id for p in new.values()}
    await reopen_or_reconcile(others, "/".join(sorted(f"{p.statement_id}/{p.page}" for p in new.values())), tx)


def _statement_row(page: ClosingStatementIssued, tx: Transaction) -> dict[str, Any]:
    said = {name: getattr(page, name) for name in _SAID_ON_EVERY_PAGE}
    return {"statement_id": page.statement_id, "received_at": tx.now, "designated_date": page.designated_date, **said}


def _page_row(page: ClosingStatementIssued, tx: Transaction) -> dict[str, Any]:
    return {
        "statement_id": page.statement_id,
        "page": page.page,
        "line_count": len(page.lines),
        "line_amount": sum(line.amount for line in page.lines),
        "received_at": tx.now,
    }


def _contradictions(
    page: ClosingStatementIssued, known: Statement | None, known_pages: Mapping[tuple[str, int], Any]
) -> Sequence[Discrepancy]:
    """What a page says otherwise than the statement's first page, or than the same page before."""
    if known is None:
        return []
    differing = [name for name in _SAID_ON_EVERY_PAGE if getattr(page, name) != getattr(known, name)]
    detail = [f"{name}: {getattr(known, name)} on the first page, {getattr(page, name)} here" for name in differing]
    before = known_pages.get((page.statement_id, page.page))
    lines = len(page.lines), sum(line.amount for line in page.lines)
    if before is not None and lines != (before.line_count, before.line_amount):
        detail.append(f"{before.line_count} lines, ¥{before.line_amount:,} before; {lines[0]}, ¥{lines[1]:,} now")
    if not detail:
        return []
    about = f"page {page.page}"
    return [Discrepancy("statement_differs", page.statement_id, about, page.total_amount, "; ".join(detail))]
