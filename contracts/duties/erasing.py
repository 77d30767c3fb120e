"""消去の規則: what becomes of each kind of data on the day of its erasure. Pure.

A party's rules are data, in its `domain/erasure.py`; a test holds them against the list of items (`items.py`), so that
no column with personal data is forgotten.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Self

from contracts.calendar import APRIL
from contracts.vocabulary import on_the_clock

PAYMENTS_KIND: Final = "支払"
"""The kind by which the ward holds a certificate against what it has received."""
ERASED: Final = "erased/"
"""A pseudonym begins so; the id of the row's own thing follows."""


class Fate(StrEnum):
    """What becomes of a column."""

    EMPTIED = "emptied"  # NULL; an empty text where the column must have one
    REPLACED = "replaced"  # by a pseudonym that leads to nobody


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of a kind of data."""

    name: str
    """Its name in the certificate."""
    english: str
    table: str
    when: str
    """Of which rows."""
    columns: Mapping[str, Fate] = field(default_factory=dict, hash=False)
    """Without any, the rows themselves are deleted."""

    @property
    def deletes_rows(self) -> bool:
        return not self.columns

    def covers(self, table: str, column: str) -> bool:
        return table == self.table and (self.deletes_rows or column in self.columns)


@dataclass(frozen=True, slots=True)
class Cut:
    """The data that are erased: those made up to the last day, if they are settled."""

    until: date

    @property
    def before(self) -> datetime:
        """The first instant whose data stay."""
        return on_the_clock(self.until + timedelta(days=1), time.min)

    @classmethod
    def of_year(cls, fiscal_year: int) -> Self:
        return cls(date(fiscal_year + 1, APRIL, 1) - timedelta(days=1))


def end_of_month(day: date, months_later: int) -> date:
    """The last day of the month that is this many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months_later, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])
