"""収納データファイル作成: the records of a day, as the file that the ward's terminal fetches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta

from contracts.http.payment_provider.receipt_files import ReceiptFilesAnswer, ReceiptFilesRequest
from contracts.vocabulary import Refusal, business_date, on_the_clock
from services.chassis.transaction import Transaction
from services.payment_provider.domain.receipt_files import FileTerms, ReceiptFile, content, record_of
from services.payment_provider.store import receipt_files
from services.payment_provider.store.receipt_files import Part
from services.payment_provider.timers import ReceiptFileExpired

Seal = Callable[[str, datetime, Iterator[bytes]], Iterator[bytes]]
"""(name, made at, content) → the content as it is stored and sent: sealed for the ward."""


async def make_receipt_files(
    requests: Sequence[ReceiptFilesRequest], tx: Transaction, *, terms: FileTerms, seal: Seal
) -> Sequence[ReceiptFilesAnswer | Refusal]:
    """Make the next file that is due. Its content is erased by a timer when its retention ends.

    A file's content follows from the records alone, not from when this runs. Records that came after their day's file
    was made are in a further file of that day: none is left out, none is in two. Size and SHA-256 are those of the
    sealed bytes, which are what a terminal fetches.
    """
    return [ReceiptFilesAnswer(made=await _make_next(tx, terms, seal)) for _ in requests]


async def erase_expired(_: Sequence[ReceiptFileExpired], tx: Transaction) -> None:
    """消去: the content of all files whose retention has ended; those of before there was a timer, too."""
    await receipt_files.erase_expired(tx.session, tx.now)


async def _make_next(tx: Transaction, terms: FileTerms, seal: Seal) -> str | None:
    unfiled = await receipt_files.first_unfiled(tx.session)
    first = None if unfiled is None else business_date(unfiled)
    day = terms.next_day(first, await receipt_files.last_filed(tx.session), tx.now)
    if day is None:
        return None
    name = terms.name(day, await receipt_files.count_of_day(tx.session, day) + 1)
    file = ReceiptFile(name, day, terms.layout, terms.made_on(day), terms.kept_until(day))
    if not await receipt_files.add(tx.session, file):
        return name  # another replica has made it
    end_of_day = on_the_clock(day + timedelta(days=1), time(0))
    records = [record_of(r) for r in await receipt_files.fill(tx.session, name, end_of_day)]
    digest, size = hashlib.sha256(), 0
    for part in _parts(name, seal(name, file.made_at, content(records, day, terms))):
        await receipt_files.add_parts(tx.session, [part])
        digest.update(part.content)
        size += len(part.content)
    amount = sum(record.amount for record in records)
    made = file._replace(records=len(records), amount=amount, size=size, sha256=digest.hexdigest())
    await receipt_files.save(tx.session, made)
    tx.schedule(ReceiptFileExpired(day=day), made.kept_until)
    return name


def _parts(name: str, contents: Iterator[bytes]) -> Iterator[Part]:
    starts_at = 0
    for some in contents:
        yield Part(name, starts_at, some)
        starts_at += len(some)
