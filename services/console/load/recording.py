"""Measurements of a running load test: a latency histogram for each step, and a row for every second.

Histograms are HdrHistograms: three significant digits from a microsecond to an hour, in a few kilobytes each, whatever
the number of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final, NamedTuple

import msgspec
from hdrh.histogram import HdrHistogram

MOST_MICROSECONDS: Final = 3_600_000_000
DIGITS: Final = 3
PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
REGISTERED: Final = "registered"
"""The step from the topic into the ward's books."""
END_TO_END: Final = "end_to_end"


class Spread(msgspec.Struct, frozen=True):
    """Latency percentiles and the longest latency, in milliseconds.

    `histogram` holds all values, in HdrHistogram's own encoding (V2, compressed, base64).
    """

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    most: float
    histogram: str


class Second(msgspec.Struct, frozen=True):
    """One second of a run. Latencies in milliseconds, of the receipts registered in it; None if there were none."""

    at: int
    """Seconds since the measured part began; negative during the warm-up."""
    arrived: int
    registered: int
    lag: int
    """Receipts sent and not yet registered at the end of the second."""
    p50: float | None
    p99: float | None


class Latencies:
    """A histogram of latencies."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, MOST_MICROSECONDS, DIGITS)

    def add(self, seconds: float, count: int = 1) -> None:
        """Add `count` latencies of this length."""
        microseconds = int(seconds * 1e6)
        self._histogram.record_value(min(max(microseconds, 1), MOST_MICROSECONDS), count)

    @property
    def count(self) -> int:
        return int(self._histogram.total_count)

    def at(self, percentile: float) -> float | None:
        """Milliseconds; None without values."""
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000 if self.count else None

    def clear(self) -> None:
        self._histogram.reset()

    def spread(self) -> Spread:
        p50, p90, p99, p999 = (self.at(p) or 0.0 for p in PERCENTILES)
        most = float(self._histogram.get_max_value()) / 1000 if self.count else 0.0
        return Spread(self.count, p50, p90, p99, p999, most, self._histogram.encode().decode())


def percentiles(spread: Spread, steps: Sequence[float]) -> list[tuple[float, float]]:
    """(percentile, milliseconds) for each of `steps`, from the spread's histogram."""
    histogram = HdrHistogram.decode(spread.histogram)
    return [(step, float(histogram.get_value_at_percentile(step)) / 1000) for step in steps]


class Moment(NamedTuple):
    """The state of a run, for a progress display."""

    at: float
    """Seconds since the run began."""
    sent: int
    registered: int
    per_second: float
    """Registrations in the last second."""
    p99: float | None
    """Milliseconds, of the registrations in the last second."""
    lag: int
    is_warm: bool


class Recorder:
    """Records what happens; times are seconds since the run began. Arrivals intended before `zero` are warm-up."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = {stage: Latencies() for stage in (*stages, REGISTERED, END_TO_END)}
        self._of_second = Latencies()
        self._seconds: list[Second] = []
        self.zero = inf
        self.sent = self.registered = self.refused = 0
        self.registered_since_zero = 0
        self.last_registered_at = self.last_sent_at = 0.0
        self.behind_most = 0.0
        self._before = (0, 0)
        self._second = 0

    @property
    def lag(self) -> int:
        """The number of receipts sent, and neither registered nor refused."""
        return self.sent - self.registered - self.refused

    def was_sent(self, intended: Sequence[float], now: float) -> None:
        """These were sent; the first may be later than intended."""
        self.sent += len(intended)
        self.last_sent_at = now
        if intended[0] >= self.zero:
            self.behind_most = max(self.behind_most, now - intended[0])

    def took(self, stage: str, intended_at: float, seconds: float) -> None:
        """Record the latency of a step."""
        if intended_at >= self.zero:
            self._stages[stage].add(seconds)

    def was_registered(self, intended_at: float, delivered_at: float, now: float) -> None:
        """One more receipt is registered; it was on its topic at `delivered_at`."""
        self.registered += 1
        self.registered_since_zero += now >= self.zero
        self.last_registered_at = now
        self._of_second.add(now - intended_at)
        if intended_at >= self.zero:
            self._stages[REGISTERED].add(now - delivered_at)
            self._stages[END_TO_END].add(now - intended_at)

    def close_seconds(self, now: float) -> Moment | None:
        """Close the second that is over. Returns the state of the run if there was one."""
        second = int(now)
        if second == self._second:
            return None
        sent, registered = self._before
        row = Second(
            at=second - 1,
            arrived=self.sent - sent,
            registered=self.registered - registered,
            lag=self.lag,
            p50=self._of_second.at(50.0),
            p99=self._of_second.at(99.0),
        )
        self._seconds.append(row)
        per_second = row.registered / (second - self._second)
        self._second, self._before = second, (self.sent, self.registered)
        self._of_second.clear()
        return Moment(now, self.sent, self.registered, per_second, row.p99, self.lag, now >= self.zero)

    def seconds(self) -> list[Second]:
        """The closed seconds, counted from the start of the measured part."""
        zero = 0 if self.zero == inf else int(self.zero)
        return [msgspec.structs.replace(row, at=row.at - zero) for row in self._seconds]

    def spreads(self) -> Mapping[str, Spread]:
        """The spread of each stage that has values."""
        return {stage: latencies.spread() for stage, latencies in self._stages.items() if latencies.count}
