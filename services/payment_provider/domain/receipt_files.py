"""Which day's receipt file (収納データファイル) is due, its name and its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from contracts.channels import CHANNELS, SETTLERS
from contracts.formats import barcode, receipt_csv, receipt_file
from contracts.formats.barcode import Barcode
from contracts.formats.receipt_file import FileHeader
from contracts.formats.receipt_record import ReceiptRecord, reference_of
from contracts.vocabulary import JST, Method, ReceiptKind, Settler, Yen, business_date, on_the_clock

SUFFIXES: Final = {"fixed": "txt", "csv": "csv"}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FileTerms:
    """The terms of receipt files; each field is a setting."""

    layout: str
    made_at: time
    when_empty: bool
    prefix: str
    retention: timedelta
    agency_code: str
    company_names: Mapping[str, str]

    def last_day_due(self, now: datetime) -> date:
        """The last day whose file is due by `now`."""
        today = business_date(now)
        return today - (_DAY if now >= on_the_clock(today, self.made_at) else 2 * _DAY)

    def next_day(self, first_unfiled: date | None, last_filed: date | None, now: datetime) -> date | None:
        """The day whose file is made next; None if none is due.

        `first_unfiled` is the earliest day with records that are in no file, `last_filed` the latest that has one.
        """
        due = self.last_day_due(now)
        candidates = [first_unfiled] if first_unfiled is not None else []
        if self.when_empty and last_filed is not None:
            candidates.append(last_filed + _DAY)
        return min((day for day in candidates if day <= due), default=None)

    def name(self, day: date, number: int) -> str:
        """The name of the `number`-th file of a day, from 1; a further one has the records that came too late."""
        further = f"-{number}" if number > 1 else ""
        return f"{self.prefix}{day:%Y%m%d}{further}.{SUFFIXES[self.layout]}"

    def made_on(self, day: date) -> datetime:
        return on_the_clock(day + _DAY, self.made_at)

    def kept_until(self, day: date) -> datetime:
        """When the content of a day's file is erased."""
        return self.made_on(day) + self.retention


class ReceiptFile(NamedTuple):
    """A receipt file: how many records it has, their total in yen, its size in bytes.

    `made_at` is the agreed time, whenever the file was first asked for. `erased_at` says that its bytes are deleted.
    """

    name: str
    day: date
    layout: str
    made_at: datetime
    kept_until: datetime
    records: int = 0
    amount: int = 0
    size: int = 0
    sha256: str = ""
    erased_at: datetime | None = None


class FiledRecord(NamedTuple):
    """A receipt record that is in a file, with its payment."""

    payment_id: str
    kind: ReceiptKind
    amount: int
    received_on: date
    delivered_at: datetime
    barcode: str
    method: Method
    settler: Settler
    paid_at: datetime
    deposit_on: date | None


def record_of(row: FiledRecord) -> ReceiptRecord:
    """The facts of the record's event, as a line of a file."""
    paid = row.paid_at.astimezone(JST)
    return ReceiptRecord(
        kind=row.kind,
        paid_on=paid.date(),
        paid_time=paid.time().replace(second=0, microsecond=0),
        barcode=_saying(row.barcode, row.amount),
        reference=reference_of(row.payment_id),
        shop=SETTLERS[row.settler].shop_code,
        created_on=business_date(row.delivered_at),
        transfer_on=row.deposit_on if row.kind is ReceiptKind.CONFIRMED else None,
        accounted_on=row.received_on,
        channel=CHANNELS[row.method].code,
    )


def _saying(digits: str, amount: int) -> str:
    """The slip's barcode with the record's own amount."""
    code = barcode.decode(digits)
    assert isinstance(code, Barcode), "a payment is opened by a readable barcode"
    return digits if code.amount == amount else replace(code, amount=Yen(amount)).digits


def content(records: Iterable[ReceiptRecord], day: date, terms: FileTerms) -> Iterator[bytes]:
    """A file's bytes, many lines at a time. The records must be sorted by company (企業コード)."""
    if terms.layout == "csv":
        return receipt_csv.write(records)
    blocks = groupby(records, company_of)
    return receipt_file.write((_header(company, day, terms), rows) for company, rows in blocks)


def company_of(record: ReceiptRecord) -> str:
    """企業コード: the front of the slip's free area."""
    return record.slip_number[:5]


def _header(company: str, day: date, terms: FileTerms) -> FileHeader:
    return FileHeader(day + _DAY, terms.agency_code, company, terms.company_names.get(company, ""))
