"""`python -m bench.erasure`: how long an erasure of a fiscal year takes at the provider, rows and rewriting apart.

Payments that are confirmed and deposited, each with two receipt records, on SQLite and, with `--postgresql`, in a
temporary container. While the database is written anew, writers wait.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from bench.__main__ import machine
from contracts.duties.erasing import Cut
from contracts.vocabulary import Method, ReceiptKind, Settler
from services.chassis.database import Database
from services.payment_provider.domain.payment import PaymentStatus
from services.payment_provider.store.erasure import DATA
from services.payment_provider.tables import metadata, payments, receipts
from testbed.postgres import running_postgres

MADE, DAY, SET_DATE = datetime(2021, 7, 20, 3, tzinfo=UTC), date(2021, 7, 20), datetime(2022, 6, 29, 18, tzinfo=UTC)
AT_ONCE = 5_000


def payment(n: int) -> dict[str, Any]:
    return {
        "payment_id": f"01980000-5a7e-8000-8000-{n:012}",
        "slip_number": f"{n:021}",
        "attempt": 1,
        "barcode": f"{n:044}",
        "amount": 8_500,
        "scanned_at": MADE,
        "status": PaymentStatus.CONFIRMED,
        "method": Method.CARD,
        "settler": Settler.UC,
        "card_token": f"01980000-5a7e-8000-9000-{n:012}",
        "last4": "0002",
        "paid_at": MADE,
        "received_on": DAY,
        "closes_on": date(2021, 7, 31),
        "deposit_on": date(2021, 8, 16),
    }


def records(n: int) -> Iterator[dict[str, Any]]:
    for kind in (ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED):
        key = {"payment_id": payment(n)["payment_id"], "kind": kind, "repetition": 0}
        yield key | {"amount": 8_500, "received_on": DAY, "delivered_at": MADE, "file_name": "R20210720.txt"}


async def measure(url: str, count: int) -> None:
    database = Database(url)
    await database.create(metadata)
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        async with database.begin() as session:
            await session.execute(insert(payments), [payment(n) for n in numbers])
            await session.execute(insert(receipts), [record for n in numbers for record in records(n)])
    began = time.perf_counter()
    async with database.begin() as session:
        gone = await DATA.erase(session, Cut.of_year(2021), SET_DATE)
    rows = time.perf_counter()
    await database.write_anew(["payments", "receipts"])
    anew = time.perf_counter()
    async with database.read() as session:
        left = (await session.execute(text("SELECT count(*) FROM payments WHERE erased_at IS NULL"))).scalar_one()
    assert (len(gone.erased), left) == (count, 0)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    print(
        f"{kind:<12}{count:>9,} payments   rows {rows - began:6.1f} s   written anew {anew - rows:6.1f} s", flush=True
    )
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    print(machine())
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        for count in options.payments:
            asyncio.run(measure(f"sqlite:///{folder}/{count}.db", count))
        if options.postgresql:
            server = opened.enter_context(running_postgres())
            for count in options.payments:
                name = asyncio.run(server.make_database(f"erasure_{count}"))
                asyncio.run(measure(server.url(name), count))


if __name__ == "__main__":
    main()
