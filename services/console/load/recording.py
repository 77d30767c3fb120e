"""What is measured while a load test runs: histograms of how long each step took, and a row for every second.

High dynamic range histograms (HdrHistogram) keep three significant digits from a microsecond to an hour, in a few
kilobytes each, whatever the number of values.
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
"""From the topic into the ward's books."""
END_TO_END: Final = "end_to_end"


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds by which 50, 90, 99 and 99.9 of 100 were done, and the longest.

    `histogram` holds all of them, in HdrHistogram's own form (V2, compressed, base64).
    """

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    most: float
    histogram: str


class Second(msgspec.Struct, frozen=True):
    """One second of a run. Latencies in milliseconds, of what was registered in it; None where nothing was."""

    at: int
    """Seconds since the measured part began; negative while it warms up."""
    arrived: int
    registered: int
    lag: int
    """Sent and not registered, at the end of the second."""
    p50: float | None
    p99: float | None


class Latencies:
    """How long things took, as they are told."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, MOST_MICROSECONDS, DIGITS)

    def add(self, seconds: float, count: int = 1) -> None:
        """So many took so long."""
        microseconds = int(seconds * 1e6)
        self._histogram.record_value(min(max(microseconds, 1), MOST_MICROSECONDS), count)

    @property
    def count(self) -> int:
        return int(self._histogram.total_count)

    def at(self, percentile: float) -> float | None:
        """Milliseconds; None where nothing was told."""
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000 if self.count else None

    def clear(self) -> None:
        self._histogram.reset()

    def spread(self) -> Spread:
        """All of it."""
        p50, p90, p99, p999 = (self.at(p) or 0.0 for p in PERCENTILES)
        most = float(self._histogram.get_max_value()) / 1000 if self.count else 0.0
        return Spread(self.count, p50, p90, p99, p999, most, self._histogram.encode().decode())


def percentiles(spread: Spread, steps: Sequence[float]) -> list[tuple[float, float]]:
    """(percentile, milliseconds), out of the histogram that the spread holds."""
    histogram = HdrHistogram.decode(spread.histogram)
    return [(step, float(histogram.get_value_at_percentile(step)) / 1000) for step in steps]


class Moment(NamedTuple):
    """What a progress display shows."""

    at: float
    """Seconds since the run began."""
    sent: int
    registered: int
    per_second: float
    """Registered within the last second."""
    p99: float | None
    """Milliseconds, of what was registered in it."""
    lag: int
    is_warm: bool


class Recorder:
    """Takes what happens, with times in seconds since the run began. What was meant to come before `zero` warms up."""

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
        """Sent and neither registered nor refused."""
        return self.sent - self.registered - self.refused

    def was_sent(self, intended: Sequence[float], now: float) -> None:
        """These are on their way, the first of them perhaps later than it was meant to be."""
        self.sent += len(intended)
        self.last_sent_at = now
        if intended[0] >= self.zero:
            self.behind_most = max(self.behind_most, now - intended[0])

    def took(self, stage: str, intended_at: float, seconds: float) -> None:
        """A step, from its beginning to its end."""
        if intended_at >= self.zero:
            self._stages[stage].add(seconds)

    def was_registered(self, intended_at: float, delivered_at: float, now: float) -> None:
        """The ward has one more, which was on its topic at `delivered_at`."""
        self.registered += 1
        self.registered_since_zero += now >= self.zero
        self.last_registered_at = now
        self._of_second.add(now - intended_at)
        if intended_at >= self.zero:
            self._stages[REGISTERED].add(now - delivered_at)
            self._stages[END_TO_END].add(now - intended_at)

    def look(self, now: float) -> Moment | None:
        """Close the seconds that are over; how things stand, if any is."""
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
        """Those that are over, counted from the beginning of the measured part."""
        zero = 0 if self.zero == inf else int(self.zero)
        return [msgspec.structs.replace(row, at=row.at - zero) for row in self._seconds]

    def spreads(self) -> Mapping[str, Spread]:
        """Of each stage that was told of."""
        return {stage: latencies.spread() for stage, latencies in self._stages.items() if latencies.count}
