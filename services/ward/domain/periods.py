"""期間: how the law counts months (民法 140–143条): the first day does not count, the last one counts whole."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import end_of_month

_DAY = timedelta(days=1)


def last_day_of_period(after: date, months: int) -> date:
    """The last day of a period of `months` that begins on the day after `after`.

    It is the day before the one with the first day's number; if the month has no such day, its last day.
    """
    first = after + _DAY
    last = end_of_month(first.year, first.month + months)
    return last if first.day > last.day else last.replace(day=first.day) - _DAY
