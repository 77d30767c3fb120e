"""One record of receipt data (収納データ), independent of the file's layout.

Our assumptions, as no published layout has them: the channel codes other than 680, the shop codes that name the
settler, and that the unused bytes hold the payment's reference (the layouts have no payment number; without one, two
payments of one slip could not be distinguished).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Final, NamedTuple

from contracts.channels import CHANNELS, SETTLERS
from contracts.formats import barcode
from contracts.formats.damage import WrongField, wrong_field
from contracts.vocabulary import Method, ReceiptKind, Settler

REFERENCE_LENGTH: Final = 26
_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS: Final = [one + other for one in _CHARACTERS for other in _CHARACTERS]
_REFERENCE: Final = re.compile("[0-9A-V]{25}[048CGKOS]")  # the last two of 130 bits are 0
_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ReceiptRecord(NamedTuple):
    """A record of a file. Dates and times are those of Japan."""

    kind: ReceiptKind
    paid_on: date
    """領収日: the day of the payment."""
    paid_time: time
    """The hour and minute of the payment."""
    barcode: str
    """The slip's 44 digits, which include slip number and amount."""
    reference: str
    """取引番号: the payment id as encoded by `reference_of`; empty if the sender gives none."""
    shop: str
    """店舗コード, at most 7 characters: here, the settler (`contracts.channels.SETTLERS`)."""
    created_on: date
    """データ取得日 (CSV: データ作成日): the day on which this record was created."""
    transfer_on: date | None
    """振込予定日: planned day of the deposit; None if the record has none (速報, 取消)."""
    accounted_on: date
    """収納日 (会計日): the date the collection centre books it under."""
    channel: str
    """収納チャネル: 4 digits, a code of `contracts.channels.CHANNELS`."""

    @property
    def amount(self) -> int:
        """Yen."""
        return int(self.barcode[37:43])

    @property
    def slip_number(self) -> str:
        """The barcode's free area."""
        return self.barcode[8:29]


class KindTotals(NamedTuple):
    """Number of records of one kind, and their yen."""

    records: int = 0
    amount: int = 0


METHOD_OF_CHANNEL: Final[Mapping[str, Method]] = {channel.code: method for method, channel in CHANNELS.items()}
"""By the channel's code."""
CHANNEL_NAMES: Final[Mapping[str, str]] = {channel.code: channel.file_name for channel in CHANNELS.values()}
"""By the channel's code: its name in a CSV file."""
SETTLER_OF_SHOP: Final[Mapping[str, Settler]] = {names.shop_code: settler for settler, names in SETTLERS.items()}

KINDS: Final[Mapping[bytes, ReceiptKind]] = {kind.value.encode(): kind for kind in ReceiptKind}


def reference_of(payment_id: str) -> str:
    """A payment id in 26 characters (RFC 4648 base32hex). Raises `ValueError` if it is not a canonical UUID."""
    if not _UUID.fullmatch(payment_id):
        raise ValueError(f"{payment_id!r} is not a payment id: a UUID in lower case")
    bits = int(payment_id.replace("-", ""), 16) << 2  # 130 bits: 13 times two characters
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def payment_of(reference: str) -> str:
    """The payment id of a reference. Raises `ValueError` for a malformed one."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"{reference!r} is not a payment reference: 26 of the characters 0–9 and A–V")
    text = f"{int(reference, 32) >> 2:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def a_kind(raw: bytes, at: int) -> ReceiptKind:
    """Raises `WrongField`."""
    found = raw[at : at + 2]
    return KINDS.get(found) or wrong_field(at, found, "the kind is 01 (速報), 02 (確報) or 03 (速報取消)", "kind")


def a_barcode(raw: bytes, at: int) -> str:
    """44 digits with a right check digit. Raises `WrongField`."""
    found = raw[at : at + barcode.LENGTH]
    if not (found.isdigit() and len(found) == barcode.LENGTH and found.startswith(b"91")):
        wrong_field(at, found, "a barcode is 44 digits that begin with 91", "barcode")
    # the weights of `barcode.check_digit`, applied to the bytes: 22 digits count three times, 22 once
    if (3 * sum(found[:43:2]) + sum(found[1::2]) - _ZEROS) % 10:
        text = found.decode("ascii")
        expected = barcode.check_digit(text[:43])
        wrong = f"the barcode's check digit is {text[43]}; the 43 digits before it give {expected}"
        raise WrongField("barcode", at + 43, wrong, "send the record unaltered")
    return found.decode("ascii")


_ZEROS: Final = 4 * 22 * ord("0")


def a_reference(raw: bytes, at: int) -> str:
    """A reference of 26 characters; empty if `raw` is all spaces. Raises `WrongField` at offset `at`."""
    text = raw.decode("latin-1")
    if _REFERENCE.fullmatch(text):
        return text
    if text.strip(" "):
        wrong_field(at, raw, "a payment's reference is 26 of the characters 0–9 and A–V, or spaces")
    return ""


def check(record: ReceiptRecord) -> None:
    """Raises `ValueError` for a record that no file can hold."""
    if record.transfer_on is not None and record.kind is not ReceiptKind.CONFIRMED:
        raise ValueError(f"only 確報 has a transfer date, not a record of kind {record.kind}")
    digits = record.barcode
    if not (digits.isascii() and digits.isdigit() and len(digits) == barcode.LENGTH):
        raise ValueError(f"a barcode is 44 digits, not {digits!r}")
    try:
        a_barcode(digits.encode("ascii"), 0)
    except WrongField as wrong:
        raise ValueError(f"{wrong.wrong}; {wrong.right}") from None
    if record.reference and not _REFERENCE.fullmatch(record.reference):
        raise ValueError(f"{record.reference!r} is not a payment reference")
