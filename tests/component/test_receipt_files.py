"""乙 makes receipt files: which records are in which file, on both databases, whenever the file is made."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import func, insert, select, update

from contracts.formats import receipt_csv, receipt_file
from contracts.formats.barcode import Barcode
from contracts.formats.receipt_file import FileEnd, FileHeader
from contracts.formats.receipt_record import ReceiptRecord, payment_of
from contracts.http.payment_provider.receipt_files import ReceiptFileView
from contracts.vocabulary import ReceiptKind, SlipNumber, Yen
from services.payment_provider.tables import payments, receipt_file_parts, receipts
from tests.component.driven import jst, refused
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.home import Home

FIRST = "SHUNO20210412.txt"


async def content(driven: DrivenProvider, file: ReceiptFileView) -> bytes:
    return b"".join([part async for part in driven.service.centre.content(file.name, 0, file.size)])


async def records(driven: DrivenProvider, file: ReceiptFileView) -> list[ReceiptRecord]:
    read = receipt_csv.read if file.layout == "csv" else receipt_file.records
    return list(read([await content(driven, file)]))


async def names(driven: DrivenProvider) -> list[str]:
    return [file.name for file in await driven.service.centre.files()]


async def paid_at(driven: DrivenProvider, moment: datetime, *barcodes: str) -> list[str]:
    await driven.advance(moment)
    return [await driven.paid_by_bank(barcode) for barcode in barcodes]


async def test_a_days_file_is_there_from_the_hour_agreed_and_holds_the_days_records(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    paid = await paid_at(driven, jst("2021-04-12T12:00"), slip(1, 8_500), slip(2, 300))
    await paid_at(driven, jst("2021-04-13T00:05"), slip(3))
    await driven.advance(jst("2021-04-13T00:59:59"))
    assert await names(driven) == []
    await driven.advance(jst("2021-04-13T01:00"))
    (file,) = await driven.service.centre.files()
    assert (file.name, file.day, file.layout, file.records, file.amount) == (
        FIRST,
        date(2021, 4, 12),
        "fixed",
        2,
        8_800,
    )
    assert (file.made_at, file.kept_until) == (jst("2021-04-13T01:00"), jst("2021-06-12T01:00"))
    found = await content(driven, file)
    assert (len(found), hashlib.sha256(found).hexdigest()) == (file.size, file.sha256)
    made = await records(driven, file)
    assert {payment_of(r.reference) for r in made} == set(paid)
    first, *_ = made
    assert (first.kind, first.channel, first.shop) == (ReceiptKind.PRELIMINARY, "0610", "BANK")
    assert (first.paid_on, f"{first.paid_time:%H:%M}", first.transfer_on) == (date(2021, 4, 12), "12:00", None)


async def test_what_a_file_holds_does_not_depend_on_when_it_is_first_asked_for(tmp_path: Path) -> None:
    contents = []
    for asks_daily in (True, False):
        home = Home(tmp_path / str(asks_daily))
        home.folder.mkdir()
        driven = await DrivenProvider.started(home)
        for day in (12, 13, 14):
            await paid_at(driven, jst(f"2021-04-{day}T12:00"), slip(day, 100 * day))
            if asks_daily:
                await driven.service.centre.files()
        await driven.advance(jst("2021-04-20T12:00"))
        contents.append([(f.name, await content(driven, f)) for f in await driven.service.centre.files()])
        await home.leave()
    assert contents[0] == contents[1]
    # three days of 速報; their 確報 three bank business days later
    assert [name for name, _ in contents[0]] == [f"SHUNO202104{day}.txt" for day in (12, 13, 14, 15, 16, 19)]


async def test_confirmed_records_say_when_the_money_is_to_come(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await paid_at(driven, jst("2021-04-12T12:00"), slip())
    await driven.advance(jst("2021-04-16T01:00"))
    _, confirmed = await driven.service.centre.files()
    (record,) = await records(driven, confirmed)
    assert (record.kind, record.created_on) == (ReceiptKind.CONFIRMED, date(2021, 4, 15))
    assert record.transfer_on == date(2021, 4, 14)


async def test_a_file_has_a_block_for_each_company_code(home: Home) -> None:
    driven = await DrivenProvider.started(home, receipt_file_company_names={"13104": "ｼﾝｼﾞﾕｸｸ"})
    others = [Barcode("912345", SlipNumber(f"00104410300012345010{n}"), 0, None, Yen(300)).digits for n in range(5)]
    in_turn = [barcode for n, other in enumerate(others) for barcode in (slip(n), other)]
    await paid_at(driven, jst("2021-04-12T12:00"), *in_turn)
    await driven.advance(jst("2021-04-13T01:00"))
    (file,) = await driven.service.centre.files()
    lines = list(receipt_file.read([await content(driven, file)]))
    headers = [line for line in lines if isinstance(line, FileHeader)]
    assert headers == [
        FileHeader(date(2021, 4, 13), "00680", "00104", ""),
        FileHeader(date(2021, 4, 13), "00680", "13104", "ｼﾝｼﾞﾕｸｸ"),
    ]
    assert lines[-1] == FileEnd(10 + 2 * 2 + 1)


async def test_a_record_that_came_after_its_days_file_was_made_is_in_a_further_one(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment, *_ = await paid_at(driven, jst("2021-04-12T12:00"), slip(1))
    await driven.advance(jst("2021-04-13T02:00"))
    assert await names(driven) == [FIRST]
    late = {"payment_id": payment, "kind": ReceiptKind.CANCELLED, "amount": 8_500}
    when = {"received_on": date(2021, 4, 12), "delivered_at": jst("2021-04-12T23:59:59")}
    async with driven.service.database.begin() as session:
        await session.execute(insert(receipts).values(**late, **when))
    first, further = await driven.service.centre.files()
    assert (first.name, further.name) == (FIRST, "SHUNO20210412-2.txt")
    assert [r.kind for r in await records(driven, further)] == [ReceiptKind.CANCELLED]
    assert [r.kind for r in await records(driven, first)] == [ReceiptKind.PRELIMINARY]


async def test_a_record_says_its_own_amount_where_it_is_not_the_slips(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await paid_at(driven, jst("2021-04-12T12:00"), slip(1, 8_500))
    async with driven.service.database.begin() as session:
        await session.execute(update(receipts).values(amount=8_400))
    await driven.advance(jst("2021-04-13T01:00"))
    (file,) = await driven.service.centre.files()
    (record,) = await records(driven, file)
    assert (record.amount, record.slip_number, file.amount) == (8_400, slip(1)[8:29], 8_400)


async def test_a_day_without_records_has_a_file_only_where_that_is_agreed(home: Home) -> None:
    driven = await DrivenProvider.started(home, receipt_file_when_empty=True, confirmation_business_days=4)
    await paid_at(driven, jst("2021-04-12T12:00"), slip())
    await driven.advance(jst("2021-04-15T01:00"))
    files = await driven.service.centre.files()
    assert [(f.day.day, f.records) for f in files] == [(12, 1), (13, 0), (14, 0)]
    assert await content(driven, files[1]) == b"900000001".ljust(120) + b"\r\n"


async def test_the_csv_layout_is_a_setting(home: Home) -> None:
    driven = await DrivenProvider.started(home, receipt_file_layout="csv", receipt_file_prefix="NAYAMI_")
    paid = await paid_at(driven, jst("2021-04-12T12:00"), slip(1), slip(2))
    await driven.advance(jst("2021-04-13T01:00"))
    (file,) = await driven.service.centre.files()
    assert file.name == "NAYAMI_20210412.csv"
    assert {payment_of(r.reference) for r in await records(driven, file)} == set(paid)


async def test_a_large_file_is_kept_in_parts_and_read_from_anywhere(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await driven.advance(jst("2021-04-12T12:00"))
    payment, *_ = await paid_at(driven, jst("2021-04-12T12:00"), slip())
    await _as_many(driven, payment, 1_100)
    await driven.advance(jst("2021-04-13T01:00"))
    (file,) = await driven.service.centre.files()
    assert file.records == 1_101
    async with driven.service.reading() as session:
        assert (await session.execute(select(func.count()).select_from(receipt_file_parts))).scalar_one() == 3
    whole = await content(driven, file)
    for start, end in ((0, 1), (62_463, 62_465), (100, file.size), (file.size - 1, file.size), (7, 7)):
        parts = [part async for part in driven.service.centre.content(file.name, start, end)]
        assert b"".join(parts) == whole[start:end]


async def _as_many(driven: DrivenProvider, payment_id: str, count: int) -> None:
    """This many payments like this one."""
    ids = [f"00000000-0000-8000-8000-{n:012d}" for n in range(count)]
    async with driven.service.database.begin() as session:
        row = dict(
            (await session.execute(select(payments).where(payments.c.payment_id == payment_id))).mappings().one()
        )
        copies = [row | {"payment_id": i, "slip_number": f"13104{n:016d}", "attempt": 1} for n, i in enumerate(ids)]
        await session.execute(insert(payments), copies)
        delivered = dict((await session.execute(select(receipts))).mappings().one())
        await session.execute(insert(receipts), [delivered | {"payment_id": i} for i in ids])


async def test_content_is_erased_when_retention_ends_and_that_there_was_a_file_stays_known(home: Home) -> None:
    driven = await DrivenProvider.started(home, receipt_file_retention_days=2, confirmation_business_days=20)
    await paid_at(driven, jst("2021-04-12T12:00"), slip())
    await driven.advance(jst("2021-04-15T00:59:59"))
    assert await names(driven) == [FIRST]
    await driven.advance(jst("2021-04-15T01:00"))
    assert await names(driven) == []
    assert refused(await driven.service.centre.file(FIRST)).code == "receipt_file_no_longer_kept"
    assert refused(await driven.service.centre.file("SHUNO20210411.txt")).code == "receipt_file_unknown"
    async with driven.service.reading() as session:
        assert (await session.execute(select(func.count()).select_from(receipt_file_parts))).scalar_one() == 0


async def test_two_replicas_that_make_files_at_once_put_each_record_into_one(home: Home) -> None:
    one, other = await DrivenProvider.started(home), await DrivenProvider.started(home)
    for day in range(12, 17):
        await paid_at(one, jst(f"2021-04-{day}T12:00"), slip(day))
    other.clock.step_to(one.clock.now())
    await asyncio.gather(*(driven.advance(jst("2021-04-17T01:00")) for driven in (one, other)))
    lists: Sequence[Sequence[ReceiptFileView]] = await asyncio.gather(
        *(driven.service.centre.files() for driven in (one, other, one, other))
    )
    files = await one.service.centre.files()
    assert all({f.name for f in listed} <= {f.name for f in files} for listed in lists)
    in_files = [r.reference + r.kind for file in files for r in await records(one, file)]
    async with one.service.reading() as session:
        delivered = (await session.execute(select(func.count()).select_from(receipts))).scalar_one()
    assert len(in_files) == len(set(in_files)) == delivered
