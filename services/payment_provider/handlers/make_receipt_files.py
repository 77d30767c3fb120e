"""収納データファイル作成: the records of a day, as the file that the ward's terminal fetches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from typing import Any

from contracts.http.payment_provider.receipt_files import ReceiptFilesAnswer, ReceiptFilesRequest
from contracts.vocabulary import Refusal, business_date, on_the_clock
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.receipt_files import FileTerms, content, record_of


async def make_receipt_files(
    requests: Sequence[ReceiptFilesRequest], tx: Transaction, *, terms: FileTerms
) -> Sequence[ReceiptFilesAnswer | Refusal]:
    """Make the next file that is due, and erase what is no longer kept.

    What is in a file follows from the records alone, never from when this runs. A record that came after its day's
    file was made is in a further one of that day: nothing is left out, nothing is in two.
    """
    await store.erase_files(tx.session, tx.now)
    return [ReceiptFilesAnswer(made=await _make_next(tx, terms)) for _ in requests]


async def _make_next(tx: Transaction, terms: FileTerms) -> str | None:
    unfiled = await store.first_unfiled(tx.session)
    first = None if unfiled is None else business_date(unfiled)
    day = terms.next_day(first, await store.last_filed(tx.session), tx.now)
    if day is None:
        return None
    name = terms.name(day, await store.files_of_day(tx.session, day) + 1)
    row: dict[str, Any] = {
        "name": name,
        "day": day,
        "layout": terms.layout,
        "made_at": terms.made_on(day),
        "kept_until": terms.kept_until(day),
        "records": 0,
        "amount": 0,
        "size": 0,
        "sha256": "",
    }
    if not await store.add_receipt_file(tx.session, row):
        return name  # another replica has made it
    await store.put_into_file(tx.session, name, on_the_clock(day + timedelta(days=1), time(0)))
    records = [record_of(r) for r in await store.records_in_file(tx.session, name)]
    digest, size = hashlib.sha256(), 0
    for starts_at, part in _placed(content(records, day, terms)):
        await store.add_parts(tx.session, [{"name": name, "starts_at": starts_at, "content": part}])
        digest.update(part)
        size = starts_at + len(part)
    values = {"records": len(records), "amount": sum(r.amount for r in records)}
    await store.update_receipt_file(tx.session, name, {**values, "size": size, "sha256": digest.hexdigest()})
    return name


def _placed(parts: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each part with the place of its first byte, from 0."""
    starts_at = 0
    for part in parts:
        yield starts_at, part
        starts_at += len(part)
