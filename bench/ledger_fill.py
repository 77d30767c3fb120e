"""Fills a ward's ledger at once with what years of receipts leave behind: for each a slip, a record and a transfer.

Ids are random in all but their order: the nth of N begins with n/N of the space, so that indexes are filled from end to
end and no page is read twice. Every third row is written in a second pass, so that pages end as full as rows in random
order leave them, and not brimful, where the next row would split each. All in SQL: no row passes through Python.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy import make_url

from contracts.calendar import PREMIUM_MONTHS

INSTALMENTS: Final = len(PREMIUM_MONTHS)
_ISSUED: Final = 1_625_100_000_000_000
"""2021-07-01, as an `Instant` is stored."""
_DAY: Final = 86_400_000_000
_PASSES: Final = ("n % 3 <> 0", "n % 3 = 0")
_SQLITE_QUICKLY: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144", "locking_mode=EXCLUSIVE")
"""No journal while filling; the ward turns its write-ahead log on again when it opens the file."""


@dataclass(frozen=True, slots=True)
class Filling:
    """`paid` slips with their receipts, and `unpaid` ones (one at least) spread evenly among them."""

    paid: int
    unpaid: int

    @property
    def slips(self) -> int:
        return self.paid + self.unpaid

    @property
    def step(self) -> int:
        """The first of every this many slips is unpaid, until there are enough."""
        return self.slips // self.unpaid

    def unpaid_slips(self) -> Iterator[tuple[str, int]]:
        """(number, amount) of each unpaid slip."""
        for n in range(self.unpaid):
            yield slip_number(n * self.step), amount(n * self.step)


def slip_number(n: int) -> str:
    """The number of the `n`th slip, from 0: all instalments of the first person, then those of the next."""
    person, instalment = divmod(n, INSTALMENTS)
    return f"00104121{person + 1:010d}{instalment + 1:02d}1"


def amount(n: int) -> int:
    """Yen of the `n`th slip."""
    return 1_900 + n * 7_919 % 200 * 100


async def fill(database_url: str, filling: Filling) -> None:
    """Fill the empty tables of a ward, and leave the database with nothing to write later.

    PostgreSQL also gathers statistics, as it would by itself within a minute; the ward has SQLite gather none.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        await _fill_postgresql(database_url, filling)
    else:
        assert url.database, "a ledger in memory cannot be filled: give a file"
        _fill_sqlite(url.database, filling)


async def _fill_postgresql(url: str, filling: Filling) -> None:
    async def run(statements: Sequence[str]) -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement, timeout=None)
        finally:
            await connection.close()

    slips, receipts, transfers = _statements(filling, _POSTGRESQL)
    await asyncio.gather(run(slips), run([*receipts, *transfers]))
    filled = "slips, receipts, transfers" if filling.paid else "slips"
    await run([f"VACUUM (ANALYZE, PARALLEL 0) {filled}", "CHECKPOINT"])


def _fill_sqlite(path: str, filling: Filling) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in _SQLITE_QUICKLY:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN")
        for statements in _statements(filling, _SQLITE):
            for statement in statements:
                connection.execute(statement)
        connection.execute("COMMIT")
    with open(path, "rb") as file:
        os.fsync(file)


# ---- rows in SQL; `n` counts slips from 0 --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """SQL in which the two databases differ."""

    numbers: str
    padded: str
    day: str
    id: str


_POSTGRESQL: Final = _Words(
    numbers="generate_series(0::bigint, {slips} - 1) AS numbers(n)",
    padded="lpad(({number})::text, {width}, '0')",
    day="date '2021-07-01' + ({days})::int",
    id="lpad(to_hex(n * 4294967296 / {slips}), 8, '0') || substr(gen_random_uuid()::text, 9)",
)
_SQLITE: Final = _Words(
    numbers=(
        "(WITH RECURSIVE counting(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM counting WHERE n + 1 < {slips})"
        " SELECT n FROM counting)"
    ),
    padded="printf('%0{width}d', {number})",
    day="date('2021-07-01', ({days}) || ' days')",
    id=(
        "lower(printf('%08x-%s-%s-%s-%s', n * 4294967296 / {slips}, hex(randomblob(2)), hex(randomblob(2)),"
        " hex(randomblob(2)), hex(randomblob(6))))"
    ),
)


def _statements(filling: Filling, words: _Words) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The statements for slips, for receipts and for transfers; transfers read the receipts."""
    instalment, person = f"n % {INSTALMENTS} + 1", f"n / {INSTALMENTS} + 1"
    padded_person = words.padded.format(number=person, width=10)
    slip = f"'00104121' || {padded_person} || {words.padded.format(number=instalment, width=2)} || '1'"
    yen, at = "1900 + n * 7919 % 200 * 100", f"{_ISSUED} + n % 250 * {_DAY}"
    unpaid = f"(n % {filling.step} = 0 AND n < {filling.unpaid * filling.step})"
    numbers, new_id = words.numbers.format(slips=filling.slips), words.id.format(slips=filling.slips)
    due, received = words.day.format(days=f"({instalment}) * 30"), words.day.format(days="n % 250")
    barcode = f"'91912345' || {slip} || '022020200' || {words.padded.format(number=yen, width=6)}"
    settler = "CASE n % 3 WHEN 0 THEN 'jcb' WHEN 1 THEN 'uc' ELSE 'bank' END"
    slips = (
        "INSERT INTO slips (slip_number, insured_number, levy_year, instalment, amount, due_on, use_by, barcode,"
        f" issued_at, received, remind_on) SELECT {slip}, {padded_person}, 2021, {instalment}, {yen}, {due}, {due},"
        f" {barcode}, {_ISSUED}, CASE WHEN {unpaid} THEN 0 ELSE {yen} END, {due} FROM {numbers} WHERE "
    )
    receipts = (
        "INSERT INTO receipts (payment_id, kind, slip_number, slip_known, amount, method, settler, paid_at,"
        f" received_on, delivered_at, registered_at) SELECT {new_id}, '01', {slip}, TRUE, {yen}, 'card', {settler},"
        f" {at}, {received}, {at}, {at} FROM {numbers} WHERE NOT {unpaid} AND "
    )
    transfers = (
        "INSERT INTO transfers (source, entry, debit, credit, amount, subject, booked_on, booked_at)"
        " SELECT 'receipt/' || payment_id || '/01', 1, 'in_transit_' || settler, 'premium_receivable', amount,"
        " payment_id, received_on, registered_at FROM receipts"
    )
    return (
        [slips + some for some in _PASSES],
        [receipts + some for some in _PASSES],
        [transfers],
    )
