"""The audit of a load test: the ward's records and its ledger held against what was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, cast

import pytest

from contracts.books import ReceiptRow, TransferRow
from services.console.load.results import AuditFound
from services.console.load.trials import audited
from services.console.stack.clients import StackClient, Unreachable

DAY = date(2026, 11, 28)
SENT = {"p1": 5_000, "p2": 8_500}
Rows = Sequence[tuple[str, Any]]


def record(payment: str, kind: str = "01", amount: int = 0) -> tuple[str, ReceiptRow]:
    return "receipts", ReceiptRow(payment, kind, amount or SENT.get(payment, 1), DAY)


def booking(payment: str, yen: int = 0, debit: str = "in_transit_uc") -> tuple[str, TransferRow]:
    return "transfers", TransferRow(debit, "premium_receivable", yen or SENT.get(payment, 1), payment, DAY)


RIGHT = [record("p1"), record("p2"), booking("p1"), booking("p2")]


class Ward:
    """A ward with these books; its export breaks off early on request."""

    def __init__(self, rows: Rows, breaks_off: bool = False) -> None:
        self._rows, self._breaks_off = rows, breaks_off

    async def book_rows(self, _principal: str) -> AsyncIterator[tuple[str, Any]]:
        for row in self._rows:
            yield row
        if self._breaks_off:
            raise Unreachable("the books of ward are cut short")


async def found(rows: Rows, **how: bool) -> AuditFound | None:
    return await audited(cast("StackClient", Ward(rows, **how)), SENT)


async def test_each_registered_once_and_booked_to_the_yen_is_clean() -> None:
    others = [record("another's"), booking("another's"), record("p1", "02"), booking("p1", 700, "overpayments")]
    audit = await found([*RIGHT, *others])
    assert audit == AuditFound(2, 2, 0, 0, 0, 13_500, 13_500)
    assert audit.is_clean


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (RIGHT[:1] + RIGHT[2:], {"missing": 1, "registered_once": 1}),
        ([*RIGHT, record("p1")], {"twice": 1, "registered_once": 1}),
        (RIGHT[:3], {"wrong_amount": 1, "registered_yen": 5_000}),
        ([*RIGHT, booking("p1")], {"wrong_amount": 1, "registered_yen": 18_500}),
        ([*RIGHT[:2], booking("p1", 5_001), booking("p2", 8_499)], {"wrong_amount": 2, "registered_yen": 13_500}),
    ],
    ids=["not registered", "registered twice", "not booked", "booked twice", "booked otherwise, the sum right"],
)
async def test_what_is_not_right_is_counted(rows: Rows, wrong: dict[str, int]) -> None:
    audit = await found(rows)
    assert audit is not None
    assert {name: getattr(audit, name) for name in wrong} == wrong
    assert not audit.is_clean


async def test_books_that_break_off_say_nothing() -> None:
    assert await found(RIGHT, breaks_off=True) is None
