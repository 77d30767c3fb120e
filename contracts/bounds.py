"""Bounds of what the contract carries: amounts, days, instants, texts. Pure.

Events, HTTP, settings and the command line have the same ones. What is outside is refused where it arrives, so that
nothing behind that overflows, and no database is asked to store what it cannot.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from contracts.vocabulary import JST, Yen, on_the_clock

FIRST_DAY: Final = date(2000, 4, 1)
LAST_DAY: Final = date(2099, 3, 31)
"""Levy years 2000 to 2098: long-term-care insurance began with the first, the bank calendar ends after the last."""
LAST_DATE: Final = date(2099, 12, 31)
"""The end of the bank calendar: dates in an event that follow from `LAST_DAY`, as that of a deposit, lie before it."""
FIRST_INSTANT: Final = on_the_clock(FIRST_DAY, time.min)
LAST_INSTANT: Final = on_the_clock(LAST_DAY, time.max)
"""The clock shows no later time."""

MOST_OF_PAYMENT: Final = Yen(999_999)
"""Receipt data have six digits of the barcode for the amount."""
MOST_OF_SLIP: Final = Yen(9_999_999)
MOST_OF_DEPOSIT: Final = Yen(9_999_999_999)
"""A deposit notice (全銀 振込入金通知) has ten digits for the amount of a transfer."""
MOST_OF_STATEMENT: Final = Yen(999_999_999_999)
"""A deposit notice has twelve digits for its total."""
MOST_PAYMENTS: Final = 99_999_999
"""Payments of one closing statement."""
MOST_REPETITIONS: Final = 999_999
FASTEST_CLOCK: Final = 10_000_000
"""Simulated seconds per real second."""

LONGEST_ID: Final = 1_000
"""Bytes, in UTF-8, of an id, a subject, a key, an event type or a source: PostgreSQL indexes two of them together."""
LONGEST_SHOWN: Final = 80

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def wrong_id(text: str) -> str:
    """Why this is no id, subject or key, in a few words; empty if it is: 1 to 1,000 bytes, no control character.

    Either database stores and indexes such a text.
    """
    return wrong_text(text) if text else "is empty"


def wrong_text(text: str) -> str:
    """Why this is no text of an event, in a few words; empty if it is. It may be empty itself."""
    if len(text) <= LONGEST_ID and text.isascii() and text.isprintable():
        return ""
    if wrong := control_character(text):
        return wrong
    size = len(text.encode())
    return f"has {size:,} bytes; at most {LONGEST_ID:,} are allowed" if size > LONGEST_ID else ""


def control_character(text: str) -> str:
    """Which control character or lone surrogate the text holds first; empty if none."""
    found = _CONTROL.search(text)
    return f"holds the control character U+{ord(found[0]):04X}, which is not allowed" if found else ""


def unstorable_character(text: str) -> str:
    """Which character the text holds that no database stores as text; empty if none."""
    found = None if text.isprintable() else _UNSTORABLE.search(text)
    return f"holds the character U+{ord(found[0]):04X}, which cannot be stored" if found else ""


def wrong_day(day: date, last: date = LAST_DAY) -> str:
    """Why the contract has no such day; empty if it has."""
    if FIRST_DAY <= day <= last:
        return ""
    return f"{day} is out of bounds: give a day from {FIRST_DAY} to {last}"


def wrong_instant(at: datetime) -> str:
    """Why the contract has no such instant; empty if it has."""
    if at.tzinfo is None:
        return f"{at.isoformat()} has no time zone; write it like 2021-08-02T09:00:00+09:00"
    if FIRST_INSTANT <= at <= LAST_INSTANT:
        return ""
    return f"{at.isoformat()} is out of bounds: give a time from {_SPAN}"


_SPAN: Final = " to ".join(at.astimezone(JST).isoformat(timespec="seconds") for at in (FIRST_INSTANT, LAST_INSTANT))


def shown(text: str, most: int = LONGEST_SHOWN) -> str:
    """The text for a log, a screen or a database: control characters and lone surrogates escaped, cut at `most`."""
    short = text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
    return short if short.isprintable() else _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", short)
