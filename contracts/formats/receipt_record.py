"""One record of receipt data (収納データ), whatever the layout of the file it is in.

What the parties' code cannot find in a published layout is an assumption of ours: the channel codes beside 680, the
shop codes that name who deposits, and that the unused places carry the payment's reference (the layouts have no
number of the payment; without one, two payments of one slip could not be told apart).
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
    """領収日: the day on which the payer paid …"""
    paid_time: time
    """… and the minute."""
    barcode: str
    """The slip's 44 digits; slip and amount are in it."""
    reference: str
    """取引番号: the payment, as `reference_of` makes it; empty where the sender gives none."""
    shop: str
    """店舗コード, up to 7 characters: here, who deposits (`contracts.channels.SETTLERS`)."""
    created_on: date
    """データ取得日 (CSV: データ作成日): the day on which this record was made."""
    transfer_on: date | None
    """振込予定日: when the money is to come; None where it is not said (速報, 取消)."""
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
    """How many records of one kind, and their yen."""

    records: int = 0
    amount: int = 0


METHOD_OF_CHANNEL: Final[Mapping[str, Method]] = {channel.code: method for method, channel in CHANNELS.items()}
"""By the channel's code."""
CHANNEL_NAMES: Final[Mapping[str, str]] = {channel.code: channel.file_name for channel in CHANNELS.values()}
"""By the channel's code: its name in a file laid out as CSV."""
SETTLER_OF_SHOP: Final[Mapping[str, Settler]] = {names.shop_code: settler for settler, names in SETTLERS.items()}

KINDS: Final[Mapping[bytes, ReceiptKind]] = {kind.value.encode(): kind for kind in ReceiptKind}


def reference_of(payment_id: str) -> str:
    """A payment's id in 26 characters (RFC 4648 base32hex). Raises `ValueError` for what is no canonical UUID."""
    if not _UUID.fullmatch(payment_id):
        raise ValueError(f"{payment_id!r} is no id of a payment: a UUID in small letters")
    bits = int(payment_id.replace("-", ""), 16) << 2  # 130 bits: 13 times two characters
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def payment_of(reference: str) -> str:
    """The payment's id. Raises `ValueError` for what is no reference."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"{reference!r} is no reference of a payment: 26 of the characters 0–9 and A–V")
    text = f"{int(reference, 32) >> 2:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def a_kind(raw: bytes, at: int) -> ReceiptKind:
    """Raises `WrongField`."""
    found = raw[at : at + 2]
    return KINDS.get(found) or wrong_field(at, found, "the kind is 01 (速報), 02 (確報) or 03 (速報取消)", "kind")


def a_barcode(raw: bytes, at: int) -> str:
    """44 digits whose check digit holds. Raises `WrongField`."""
    found = raw[at : at + barcode.LENGTH]
    if not (found.isdigit() and len(found) == barcode.LENGTH and found.startswith(b"91")):
        wrong_field(at, found, "a barcode is 44 digits that begin with 91", "barcode")
    # the weights of `barcode.check_digit` on bytes as they are: 22 digits count three times, 22 once
    if (3 * sum(found[:43:2]) + sum(found[1::2]) - _ZEROS) % 10:
        text = found.decode("ascii")
        expected = barcode.check_digit(text[:43])
        wrong = f"the barcode's check digit is {text[43]}; the 43 digits before it give {expected}"
        raise WrongField("barcode", at + 43, wrong, "send the record as it was made")
    return found.decode("ascii")


_ZEROS: Final = 4 * 22 * ord("0")


def a_reference(raw: bytes, at: int) -> str:
    """26 characters of a reference, or as many spaces (empty). Raises `WrongField`; `at` is the first one's place."""
    text = raw.decode("latin-1")
    if _REFERENCE.fullmatch(text):
        return text
    if text.strip(" "):
        wrong_field(at, raw, "a payment's reference is 26 of the characters 0–9 and A–V, or spaces")
    return ""


def check(record: ReceiptRecord) -> None:
    """Raises `ValueError` for a record that no file can hold."""
    if record.transfer_on is not None and record.kind is not ReceiptKind.CONFIRMED:
        raise ValueError(f"only 確報 says when the money comes, not a record of kind {record.kind}")
    digits = record.barcode
    if not (digits.isascii() and digits.isdigit() and len(digits) == barcode.LENGTH):
        raise ValueError(f"a barcode is 44 digits, not {digits!r}")
    try:
        a_barcode(digits.encode("ascii"), 0)
    except WrongField as wrong:
        raise ValueError(f"{wrong.wrong}; {wrong.right}") from None
    if record.reference and not _REFERENCE.fullmatch(record.reference):
        raise ValueError(f"{record.reference!r} is no reference of a payment")
