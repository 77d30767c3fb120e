"""The slips (納付書) that a load test pays: the ward's, over HTTP; or those of a file, for another ward."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from contracts import topics
from contracts.calendar import fiscal_year
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import business_date
from services.chassis.clock import real_now
from services.console.stack.clients import Refused, StackClient
from services.console.stack.slips import issue_generated

SEED: Final = 7
SLIPS_OF_A_PAYER: Final = 9
SLIPS_AT_ONCE: Final = 10_000
LAST_YEAR: Final = 2098
ASSESSED_OTHERWISE: Final = "assessment_exists"
COLUMNS: Final = ("slip_number", "amount")


class NoSlips(Exception):
    """There are not enough slips, or the file is unusable; the text says why and what would work."""


class Payable(NamedTuple):
    """One slip. `barcode` is empty if it has none."""

    slip_number: str
    amount: int
    barcode: str = ""
    insured_number: str = ""


def read_slips(path: Path) -> Sequence[Payable]:
    """Read a CSV file with the columns `slip_number`, `amount` and, optionally, `barcode`. Raises `NoSlips`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(_rows(path, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise NoSlips(f"{path} cannot be read ({wrong})") from None
    if not found:
        raise NoSlips(f"{path} has no slips; its first line names the columns {','.join(COLUMNS)},barcode")
    return found


def _rows(path: Path, rows: csv.DictReader[str]) -> Iterator[Payable]:
    if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
        raise NoSlips(f"{path} has no column {missing[0]}; its first line is like {','.join(COLUMNS)},barcode")
    for row in rows:
        yield _payable(path, rows.line_num, row)


def _payable(path: Path, line: int, row: Mapping[str, str | None]) -> Payable:
    number, amount = (row["slip_number"] or "").strip(), (row["amount"] or "").strip()
    if not number or not amount.isdecimal() or not int(amount):
        raise NoSlips(f"{path}, line {line}: give a slip number and whole yen, not {number!r} and {amount!r}")
    return Payable(number, int(amount), (row.get("barcode") or "").strip())


async def open_slips(client: StackClient, count: int) -> Sequence[Payable]:
    """`count` unpaid slips of the ward; if it has fewer, more are issued, year after year. Those of one payer are
    spread over the whole list: no payer pays a whole year at once.

    Raises `NoSlips`, `Refused`, `Unreachable`.
    """
    payers, year = -(-count // SLIPS_OF_A_PAYER), fiscal_year(business_date(real_now()))
    found = await _open(client, count)
    while len(found) < count and year < LAST_YEAR:
        try:
            await issue_generated(client, payers, year, SEED)
        except Refused as refused:  # these payers have another assessment for that year
            if refused.problem.code != ASSESSED_OTHERWISE:
                raise
        found, year = await _open(client, count), year + 1
    if len(found) < count:
        raise NoSlips(f"the ward has {len(found):,} open slips and issues no more; give --count {len(found):,}")
    return _apart(found)


def _apart(slips: Sequence[Payable]) -> list[Payable]:
    """The first slip of each payer, then the second of each, and so on."""
    of_payer: Counter[str] = Counter()
    turns: list[int] = []
    for slip in slips:
        turns.append(of_payer[slip.insured_number])
        of_payer[slip.insured_number] += 1
    return [slip for _, slip in sorted(zip(turns, slips, strict=True), key=lambda turn: turn[0])]


async def _open(client: StackClient, count: int) -> list[Payable]:
    """Only slips with a barcode: the others cannot be scanned."""
    found: list[Payable] = []
    last: Mapping[str, str] = {}
    while len(found) < count:
        page = await client.get(topics.WARD, "/slips", open=True, limit=SLIPS_AT_ONCE, **last)
        slips = [SlipView.model_validate(slip) for slip in page]
        found += [Payable(s.slip_number, s.amount, s.barcode, s.insured_number) for s in slips if s.barcode]
        if len(page) < SLIPS_AT_ONCE:
            break
        last = {"after": slips[-1].slip_number}
    return found[:count]
