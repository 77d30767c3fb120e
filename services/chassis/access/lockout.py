"""When an attempt to log in is admitted: after several failures in a row a user is locked out for a while. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """The outcome of an attempt; whoever makes it learns only whether it was admitted."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    LOCKED_OUT = "locked_out"
    MALFORMED = "malformed"


class Attempt(NamedTuple):
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lockout:
    """`failures` in a row, each at most `period` after the one before, lock a user out for `period` after the last."""

    failures: int = 5
    period: timedelta = timedelta(minutes=15)

    def decide(self, earlier: Iterable[Attempt], now: datetime, right: bool) -> Outcome:
        """`earlier`: this user's attempts that were admitted or refused, the latest first."""
        failed, since = 0, now
        for attempt in earlier:
            if attempt.outcome is Outcome.ADMITTED or since - attempt.at > self.period:
                break
            failed, since = failed + 1, attempt.at
            if failed == self.failures:
                return Outcome.LOCKED_OUT
        return Outcome.ADMITTED if right else Outcome.REFUSED

    def locks(self, earlier: Sequence[Attempt], now: datetime) -> bool:
        """Whether an attempt that is refused now, after these, locks its user out."""
        refused = Attempt(now, Outcome.REFUSED)
        return self.decide((refused, *earlier), now, right=True) is Outcome.LOCKED_OUT
