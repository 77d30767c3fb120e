"""A closing statement is published in pages that a broker can carry."""

from __future__ import annotations

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import LINES_PER_PAGE, ClosingStatementIssued, StatementLine
from contracts.vocabulary import Settler, Yen


def statement(lines: int) -> ClosingStatementIssued:
    return ClosingStatementIssued(
        statement_id="statement",
        settler=Settler.UC,
        closed_on=date(2021, 7, 10),
        deposit_on=date(2021, 7, 26),
        total_count=lines,
        total_amount=Yen(lines),
        fee=Yen(0),
        page=1,
        pages=1,
        lines=tuple(StatementLine(f"payment {n}", Yen(1)) for n in range(lines)),
    )


@given(st.integers(0, 3 * LINES_PER_PAGE + 1))
def test_every_line_is_on_one_page_in_order_and_only_the_last_page_is_short(lines: int) -> None:
    whole = statement(lines)
    pages = whole.paged()
    assert tuple(line for page in pages for line in page.lines) == whole.lines
    assert [(page.page, page.pages) for page in pages] == [(n + 1, len(pages)) for n in range(len(pages))]
    assert all(len(page.lines) == LINES_PER_PAGE for page in pages[:-1])
    assert all(page.lines for page in pages)


@given(st.integers(1, 2 * LINES_PER_PAGE))
def test_every_page_carries_the_totals_of_the_whole_and_an_id_of_its_own(lines: int) -> None:
    whole = statement(lines)
    pages = whole.paged()
    bare = {"lines": (), "page": 1, "pages": 1}
    assert {msgspec.structs.replace(page, **bare) for page in pages} == {msgspec.structs.replace(whole, **bare)}
    assert len({page.natural_key for page in pages}) == len(pages)
