"""Bank business days (銀行営業日), closings (締日) and the due dates (納期限) that depend on them. Pure.

Banks are closed on Saturdays, Sundays, national holidays (国民の祝日) and from 31 December to 3 January.
Source: 銀行法施行令第5条 as implemented by the `holidays` library, 1949–2099; it computes the equinoxes of coming years
until they are announced. All dates are dates in Japan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Final

from holidays import country_holidays

FIRST_YEAR: Final = 1949
LAST_YEAR: Final = 2099
END_OF_MONTH: Final = 31
DAILY: Final = "daily"
"""日締め: a closing on every day."""
APRIL: Final = 4
"""The first month of a fiscal year (年度)."""
PREMIUM_MONTHS: Final = (7, 8, 9, 10, 11, 12, 1, 2, 3)
"""The months in which the instalments of a premium paid by slip (普通徴収) fall due."""

ClosingDays = tuple[int, ...]
"""Days of the month on which a period closes, ascending. In a shorter month, the month's last day: 31 = end."""

_DAY: Final = timedelta(days=1)
_WEEKEND: Final = {5: "土曜日 Saturday", 6: "日曜日 Sunday"}


class HolidayShift(StrEnum):
    """How a date on which banks are closed is moved (休日調整)."""

    FOLLOWING = "following"  # 翌営業日
    PRECEDING = "preceding"  # 前営業日
    NONE = "none"  # 調整なし


@cache
def _closures(year: int) -> Mapping[date, str]:
    """Every day of `year` on which banks are closed, with the reason.

    Raises `ValueError` for a year whose holidays are not known.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"bank business days are known for {FIRST_YEAR} to {LAST_YEAR}, not for {year}")
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))
    closed = {day: _WEEKEND[day.weekday()] for day in days if day.weekday() in _WEEKEND}
    new_year = country_holidays("JP", years=year, categories="bank")
    closed.update(dict.fromkeys(new_year, "年末年始 bank holiday"))
    japanese = country_holidays("JP", years=year, categories="public", language="ja")
    english = country_holidays("JP", years=year, categories="public", language="en_US")
    closed.update({day: f"祝日 {english[day]} {japanese[day]}" for day in english})
    return closed


@dataclass(frozen=True, slots=True)
class BankCalendar:
    """The days on which banks transfer money. Days outside 1949–2099 raise `ValueError`.

    `closures` adds closed days, each with its reason: a system changeover, a typhoon (臨時休業).
    """

    closures: Mapping[date, str] = field(default_factory=dict)

    def closed_because(self, day: date) -> str | None:
        """Why banks are closed on `day`, in Japanese and English; None if they are open."""
        return _closures(day.year).get(day) or self.closures.get(day)

    def closed_between(self, after: date, until: date) -> str:
        """The closed days after `after` up to `until`, as text: weekend days counted, others named. Empty if none."""
        days = [after + timedelta(days=n) for n in range(1, (until - after).days + 1)]
        weekend = sum(day.weekday() in _WEEKEND for day in days)
        others = (day for day in days if day.weekday() not in _WEEKEND and not self.is_open(day))
        named = [f"{day:%m-%d} {self.closed_because(day)}" for day in others]
        return ", ".join(([f"{weekend} weekend days 土日"] if weekend else []) + named)

    def is_open(self, day: date) -> bool:
        return day not in _closures(day.year) and day not in self.closures

    def next_open(self, day: date) -> date:
        """`day` itself if banks are open, else the first open day after it (翌営業日)."""
        while not self.is_open(day):
            day += _DAY
        return day

    def previous_open(self, day: date) -> date:
        """`day` itself if banks are open, else the last open day before it (前営業日)."""
        while not self.is_open(day):
            day -= _DAY
        return day

    def add(self, day: date, business_days: int) -> date:
        """The n-th open day strictly after `day`; with 0, `next_open(day)`.

        Raises `ValueError` if `business_days` is negative.
        """
        if business_days < 0:
            raise ValueError(f"business_days must be 0 or more, not {business_days}")
        if business_days == 0:
            return self.next_open(day)
        for _ in range(business_days):
            day = self.next_open(day + _DAY)
        return day

    def overdue_since(self, today: date, business_days: int) -> date:
        """The latest day whose n-th open day after it is before `today`: what was due by then should have arrived.

        Raises `ValueError` if `business_days` is below 1.
        """
        if business_days < 1:
            raise ValueError(f"business_days must be 1 or more, not {business_days}")
        day = today - _DAY
        for _ in range(business_days):
            day = self.previous_open(day) - _DAY
        return day

    def open_days_between(self, start: date, end: date) -> int:
        """The number of open days after `start` up to and including `end`; 0 if `end` is not after `start`.

        So `open_days_between(day, add(day, n)) == n`.
        """
        return sum(self.is_open(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    def shift(self, day: date, how: HolidayShift) -> date:
        """`day`, moved as `how` says if banks are closed on it."""
        match how:
            case HolidayShift.FOLLOWING:
                return self.next_open(day)
            case HolidayShift.PRECEDING:
                return self.previous_open(day)
            case HolidayShift.NONE:
                return day


BANK_CALENDAR: Final = BankCalendar()
"""The calendar without additional closures."""


def end_of_month(year: int, month: int) -> date:
    """The last day of a month (月末); a `month` above 12 is one of a later year."""
    return date(year + month // 12, month % 12 + 1, 1) - _DAY


def closing_date(day: date, closing_days: ClosingDays) -> date:
    """The closing (締日) that counts a payment made on `day`: the first one on that day or after it.

    Closings are calendar days; they are not moved for holidays.
    """
    last = end_of_month(day.year, day.month)
    for closing in closing_days:
        if day.day <= min(closing, last.day):
            return day.replace(day=min(closing, last.day))
    return min(last + timedelta(days=closing_days[0]), end_of_month(day.year, day.month + 1))


def parse_closing_days(text: str) -> ClosingDays:
    """Parse `10/20/eom`, `15/eom`, `eom`: days of the month, ascending, `eom` or 31 for its end (末日); or `daily`.

    Raises `ValueError`, which names the part that is wrong.
    """
    if text.strip().lower() == DAILY:
        return tuple(range(1, END_OF_MONTH + 1))
    days = tuple(_closing_day(part.strip()) for part in text.split("/"))
    if list(days) != sorted(set(days)):
        raise ValueError(f"closing days {text!r} must ascend and not repeat, as in 10/20/eom")
    return days


def _closing_day(part: str) -> int:
    if part.lower() == "eom":
        return END_OF_MONTH
    if not (part.isascii() and part.isdigit() and len(part) <= 2 and 1 <= int(part) <= END_OF_MONTH):
        raise ValueError(f"closing day {part!r} must be 1 to 31 or eom, as in 10/20/eom; or give daily alone")
    return int(part)


def fiscal_year(day: date) -> int:
    """年度: April to March, named after the year in which it begins."""
    return day.year if day.month >= APRIL else day.year - 1


def due_dates(
    levy_year: int, months: Sequence[int] = PREMIUM_MONTHS, calendar: BankCalendar = BANK_CALENDAR
) -> tuple[date, ...]:
    """The due dates (納期限) of the instalments (期別) of a levy year (賦課年度), one in each of `months` (1 to 12).

    January to March are in the next calendar year. Each is the end of its month, moved to the next bank business day:
    our assumption for this ward, usual in 普通徴収.
    """
    ends = (end_of_month(levy_year, month if month >= APRIL else month + 12) for month in months)
    return tuple(calendar.next_open(end) for end in ends)
