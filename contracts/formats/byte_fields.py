"""Fixed-width byte fields: digits, dates, times, half-width text (JIS X 0201); and splitting a stream into records.

Numbers are right-aligned and padded with zeros, texts left-aligned and padded with spaces. Half-width text is one
byte per character: printable ASCII and half-width katakana (半角カナ), encoded alike in Shift_JIS and JIS X 0201.

Parsed days and times are cached, in bounded caches: a file of a million records has few distinct ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, time
from functools import lru_cache, partial
from typing import BinaryIO, Final

from contracts.formats.damage import DamagedFile, WrongField, shown, wrong_field

Source = BinaryIO | Iterable[bytes]
"""A file opened in binary mode, or its bytes in pieces of any size."""

CRLF: Final = b"\r\n"
SHIFT_JIS: Final = "cp932"
BLOCK_BYTES: Final = 1 << 17
_NOT_HALF_WIDTH: Final = re.compile(rb"[^\x20-\x7e\xa1-\xdf]")
_CACHED: Final = 4096


def blocks(source: Source) -> Iterator[bytes]:
    """The source's bytes, block by block."""
    if hasattr(source, "read"):
        return iter(partial(source.read, BLOCK_BYTES), b"")
    return iter(source)


def pieces(source: Source, length: int) -> Iterator[bytes]:
    """The source split into pieces of `length` bytes; the last may be shorter."""
    rest = b""
    for block in blocks(source):
        data = rest + block if rest else block
        whole = len(data) - len(data) % length
        for at in range(0, whole, length):
            yield data[at : at + length]
        rest = data[whole:]
    if rest:
        yield rest


def misaligned(line: int, piece: bytes, length: int) -> DamagedFile:
    """The error for a piece that is not a record of `length` bytes followed by CRLF."""
    start = (line - 1) * (length + len(CRLF))
    if line == 1 and piece[:3] == b"\xef\xbb\xbf":
        return DamagedFile("encoding", 1, 1, "the file begins with a byte-order mark", "send Shift_JIS without one")
    newline = piece.find(b"\n")
    found = len(piece[:newline].removesuffix(b"\r")) if newline >= 0 else length
    if found < length:
        right = f"a record has {length} bytes and then CRLF"
        return DamagedFile("record_length", line, start + found + 1, f"the record has {found} bytes", right)
    right = f"a record has {length} bytes and then CRLF"
    if len(piece) < length + len(CRLF):
        wrong = f"the file stops after {len(piece)} bytes of a record"
        return DamagedFile("truncated", line, start + len(piece) + 1, wrong, right)
    wrong = f"{shown(piece[length:])} follows the {length} bytes of the record"
    return DamagedFile("line_end", line, start + length + 1, wrong, right)


# ---- reading ----------------------------------------------------------------------------------------------


@lru_cache(_CACHED)
def day_or_none(digits: bytes) -> date | None:
    """YYYYMMDD; None if it is not a calendar date."""
    if not (len(digits) == 8 and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


@lru_cache(_CACHED)
def time_or_none(digits: bytes) -> time | None:
    """HHMM; None if it is not a time from 0000 to 2359."""
    if not (len(digits) == 4 and digits.isdigit()) or digits[:2] > b"23" or digits[2:] > b"59":
        return None
    return time(int(digits[:2]), int(digits[2:]))


def a_day(raw: bytes, at: int) -> date:
    """YYYYMMDD at `at`. Raises `WrongField`."""
    digits = raw[at : at + 8]
    return day_or_none(digits) or wrong_field(at, digits, "a calendar date as YYYYMMDD belongs here", "date")


def a_time(raw: bytes, at: int) -> time:
    """HHMM at `at`. Raises `WrongField`."""
    digits = raw[at : at + 4]
    found = time_or_none(digits)
    return found if found is not None else wrong_field(at, digits, "a time from 0000 to 2359 belongs here", "time")


def digits(raw: bytes, at: int, length: int) -> str:
    """`length` digits. Raises `WrongField`."""
    found = raw[at : at + length]
    if not found.isdigit():
        wrong_field(at, found, f"{length} digits belong here, padded with zeros on the left")
    return found.decode("ascii")


def number(raw: bytes, at: int, length: int) -> int:
    """A number of `length` digits. Raises `WrongField`."""
    return int(digits(raw, at, length))


def half_width(raw: bytes, at: int, length: int) -> str:
    """Text of `length` bytes, without its padding. Raises `WrongField`."""
    found = raw[at : at + length]
    if odd := _NOT_HALF_WIDTH.search(found):
        wrong = f"byte 0x{found[odd.start()]:02x} is neither ASCII nor half-width katakana (半角カナ)"
        raise WrongField("encoding", at + odd.start(), wrong, "text has one byte per character (JIS X 0201)")
    return found.decode(SHIFT_JIS).rstrip(" ")


def filler(raw: bytes, at: int, end: int) -> None:
    """Raises `WrongField` unless there are only spaces from `at` to `end`."""
    found = raw[at:end]
    if found.strip(b" "):
        first = len(found) - len(found.lstrip(b" "))
        wrong_field(at + first, found[first:], "these bytes are unused and must be spaces")


# ---- writing ----------------------------------------------------------------------------------------------


def put_number(value: int, length: int) -> bytes:
    """Right-aligned, padded with zeros. Raises `ValueError` if it does not fit."""
    text = f"{value:0{length}d}"
    if value < 0 or len(text) != length:
        raise ValueError(f"{value} does not fit into {length} digits")
    return text.encode("ascii")


def put_digits(text: str, length: int) -> bytes:
    """Exactly `length` digits. Raises `ValueError` for anything else."""
    if not (len(text) == length and text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not {length} digits")
    return text.encode("ascii")


def put_day(day: date) -> bytes:
    """YYYYMMDD"""
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


def put_half_width(text: str, length: int) -> bytes:
    """Left-aligned, padded with spaces. Raises `ValueError` if it does not fit or is not half-width."""
    try:
        raw = text.encode(SHIFT_JIS)
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} is not half-width text (半角)") from None
    if len(raw) > length or _NOT_HALF_WIDTH.search(raw) or raw.endswith(b" "):
        raise ValueError(f"{text!r} is not half-width text (半角) of at most {length} characters")
    return raw.ljust(length)
