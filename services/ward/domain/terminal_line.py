"""回線: the terminal's line to the collection centre: how fast it is, when it is open, when a file has arrived.

ISDN and a dedicated terminal until 2021-08, LGWAN and a PC on the intranet from 2021-09. A transfer that is cut when
the line closes resumes where it was when the line opens again, on that day's line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from contracts.vocabulary import business_date, on_the_clock

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TerminalLine:
    """One kind of line; open every day from `opens` to `closes`, in Japan."""

    name: str
    bytes_per_second: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class TerminalLines:
    """The line of each day."""

    before: TerminalLine
    after: TerminalLine
    changed_on: date

    def on(self, day: date) -> TerminalLine:
        return self.before if day < self.changed_on else self.after

    def is_open(self, at: datetime) -> bool:
        """Whether a transfer may begin at `at`."""
        day = business_date(at)
        line = self.on(day)
        return on_the_clock(day, line.opens) <= at < on_the_clock(day, line.closes)

    def next_opening(self, at: datetime) -> datetime:
        """When the line opens next, strictly after `at`."""
        day = business_date(at)
        opening = on_the_clock(day, self.on(day).opens)
        return opening if opening > at else on_the_clock(day + _DAY, self.on(day + _DAY).opens)

    def arrival(self, begun: datetime, size: int) -> datetime:
        """When a file of `size` bytes has arrived whose transfer began at `begun`."""
        day, left, at = business_date(begun), size, begun
        while True:
            line = self.on(day)
            at = max(at, on_the_clock(day, line.opens))
            open_for = max(0, int((on_the_clock(day, line.closes) - at).total_seconds()))
            carried = open_for * line.bytes_per_second
            if left <= carried:
                return at + timedelta(seconds=-(-left // line.bytes_per_second))
            left -= carried
            day += _DAY
