"""期間: how the law counts months (民法 140–143条): the first day is left out, the last one counts whole."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.calendar import end_of_month

_DAY = timedelta(days=1)


def last_day_of_period(after: date, months: int) -> date:
    """The day with whose end a period of `months` is over that begins on the day after `after`.

    It is the eve of the day that has the first day's number; where the month lacks that one, its last day.
    """
    first = after + _DAY
    last = end_of_month(first.year, first.month + months)
    return last if first.day > last.day else last.replace(day=first.day) - _DAY
