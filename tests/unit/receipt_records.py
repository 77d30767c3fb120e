"""Receipt records for tests: the published barcodes, and any other that Hypothesis makes."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

from hypothesis import strategies as st

from contracts.channels import CHANNELS, SETTLERS
from contracts.formats.barcode import Barcode
from contracts.formats.receipt_file import FileHeader
from contracts.formats.receipt_record import ReceiptRecord, reference_of
from contracts.vocabulary import Method, ReceiptKind, Settler, SlipNumber, Yen

# GS1 Japan 標準料金代理収納ガイドライン; makers' manuals; open code (those of test_barcode.py).
PUBLISHED = (
    "91912345012345678901234567890101033101230003",
    "91942386178953917853935692730103073110312903",
    "91929023252070000010123499900199999900106050",
    "91912345001044103000123450100021080200085001",
)
PAYMENT = "1a28d8ac-6bb6-8051-9532-c132e97fdadf"
HEADER = FileHeader(date(2021, 7, 2), "00680", "00104", "ｼﾝｼﾞﾕｸｸ ｶｲｺﾞﾎｹﾝｶ")


def record(kind: ReceiptKind = ReceiptKind.PRELIMINARY, barcode: str = PUBLISHED[3]) -> ReceiptRecord:
    """One of a card payment."""
    return ReceiptRecord(
        kind=kind,
        paid_on=date(2021, 7, 1),
        paid_time=time(20, 15),
        barcode=barcode,
        reference=reference_of(PAYMENT),
        shop=SETTLERS[Settler.UC].shop_code,
        created_on=date(2021, 7, 1),
        transfer_on=date(2021, 7, 26) if kind is ReceiptKind.CONFIRMED else None,
        accounted_on=date(2021, 7, 1),
        channel=CHANNELS[Method.CARD].code,
    )


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def half_width(longest: int) -> st.SearchStrategy[str]:
    """Text of one byte a character, as fields hold it: it does not end with the spaces that fill it up."""
    alphabet = [chr(n) for n in range(0x20, 0x7F)] + [chr(n) for n in range(0xFF61, 0xFFA0)]
    return st.text(st.sampled_from(alphabet), max_size=longest).map(lambda text: text.rstrip(" "))


days = st.dates(date(1970, 1, 1), date(2099, 12, 31))
barcodes = st.sampled_from(PUBLISHED) | st.builds(
    Barcode,
    issuer=digits(6),
    free_area=digits(21).map(SlipNumber),
    reissue=st.integers(0, 9),
    use_by=st.none() | st.dates(date(2000, 1, 1), date(2098, 12, 31)),
    amount=st.integers(0, 999_999).map(Yen),
).map(lambda barcode: barcode.digits)
references = st.just("") | st.uuids().map(lambda uuid: reference_of(str(uuid)))


@st.composite
def records(draw: st.DrawFn) -> ReceiptRecord:
    kind = draw(st.sampled_from(ReceiptKind))
    return ReceiptRecord(
        kind=kind,
        paid_on=draw(days),
        paid_time=draw(st.builds(time, st.integers(0, 23), st.integers(0, 59))),
        barcode=draw(barcodes),
        reference=draw(references),
        shop=draw(half_width(7)).replace(",", "."),
        created_on=draw(days),
        transfer_on=draw(st.none() | days) if kind is ReceiptKind.CONFIRMED else None,
        accounted_on=draw(days),
        channel=draw(digits(4)),
    )


headers = st.builds(FileHeader, days, digits(5), digits(5), half_width(40))
uuids = st.uuids().map(lambda uuid: str(UUID(int=uuid.int)))
