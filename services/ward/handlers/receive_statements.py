"""締め明細受領: record the pages of closing statements, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from typing import Final

from contracts.events import ClosingStatementIssued
from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.ward.domain.ledger import Entry
from services.ward.domain.receipts import Discrepancy
from services.ward.domain.settlement import Statement
from services.ward.handlers.settle_statements import expect_deposit, reopen_or_reconcile, settle
from services.ward.store import discrepancies, statements
from services.ward.store.rows import StoredLine, StoredPage
from services.ward.store.statements import NewStatement

_SAID_ON_EVERY_PAGE: Final = ("settler", "closed_on", "deposit_on", "total_count", "total_amount", "fee", "pages")


async def receive_statements(pages: Sequence[ClosingStatementIssued], tx: Transaction, *, expected_by: time) -> None:
    """A page that says otherwise than an earlier one of its statement becomes a discrepancy; the first one stands."""
    ids = {p.statement_id for p in pages}
    known_pages = await statements.pages_of(tx.session, ids)
    known = await statements.find(tx.session, ids)
    contradictions = [d for p in pages for d in _contradictions(p, known.get(p.statement_id), known_pages)]
    await discrepancies.add(tx.session, contradictions, tx.now)
    new = {(p.statement_id, p.page): p for p in pages if (p.statement_id, p.page) not in known_pages}
    if not new:
        return
    await statements.add(tx.session, [_statement(p, tx) for p in new.values()])
    for page in new.values():
        is_late = business_date(tx.now) > (page.designated_date or page.deposit_on)
        if page.statement_id not in known or is_late:
            expect_deposit(page, expected_by, f"page {page.page}", tx)
    lines = [line for p in new.values() for line in _lines(p)]
    await statements.add_pages(tx.session, [_page(p, tx) for p in new.values()], lines)
    payments = {line.payment_id for line in lines}
    listing = await statements.lock_listing(tx.session, changed=payments)  # the pages' own statements among them
    today = business_date(tx.now)
    await settle([(p.statement_id, Entry(f"page/{p.statement_id}/{p.page}", today, ())) for p in new.values()], tx)
    others = set(listing) - {p.statement_id for p in new.values()}
    await reopen_or_reconcile(others, "/".join(sorted(f"{p.statement_id}/{p.page}" for p in new.values())), tx)


def _statement(page: ClosingStatementIssued, tx: Transaction) -> NewStatement:
    return NewStatement(
        statement_id=page.statement_id,
        settler=page.settler,
        closed_on=page.closed_on,
        deposit_on=page.deposit_on,
        total_count=page.total_count,
        total_amount=page.total_amount,
        fee=page.fee,
        pages=page.pages,
        designated_date=page.designated_date,
        received_at=tx.now,
    )


def _page(page: ClosingStatementIssued, tx: Transaction) -> StoredPage:
    return StoredPage(
        statement_id=page.statement_id,
        page=page.page,
        line_count=len(page.lines),
        line_amount=sum(line.amount for line in page.lines),
        received_at=tx.now,
    )


def _lines(page: ClosingStatementIssued) -> Iterator[StoredLine]:
    for line in page.lines:
        yield StoredLine(page.statement_id, line.payment_id, line.amount, line.approved_at, line.entrusted_at)


def _contradictions(
    page: ClosingStatementIssued, known: Statement | None, known_pages: Mapping[tuple[str, int], StoredPage]
) -> Sequence[Discrepancy]:
    """In what a page differs from the statement's first page, or from the same page as it came before."""
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
