"""What waits now, since when and why: one record per process, read by its metrics, readiness and status."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import structlog

from contracts.http.service import WaitingFor
from services.chassis.clock import monotonic, pause, real_now
from services.chassis.outages import Outage, Unusable, is_outage, is_refusal_of_a_server, said

T = TypeVar("T")

LONG_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0
_SECONDS_BETWEEN_LINES: Final = 10.0
REFUSED_SECONDS: Final = 5.0
"""A server that has refused this long at a start does so for good: its users may be made a moment later."""

log = structlog.get_logger(__name__)


class Wait(NamedTuple):
    """What waits, since when on the machine's clock, and why."""

    what: WaitingFor
    doing: str
    since: datetime
    seconds: float
    because: str

    def __str__(self) -> str:
        return f"{self.what}: {self.doing}, for {self.seconds:.0f} s: {self.because}"


class NotAnswering(Outage):
    """What is asked cannot be known now; the text says what waits."""


@dataclass(slots=True)
class _Begun:
    at: float
    since: datetime
    because: str
    if_long: bool


class Waits:
    """The record. A wait has a place (`what`, `doing`), at which it begins and ends."""

    def __init__(self) -> None:
        self._begun: dict[tuple[WaitingFor, str], _Begun] = {}
        self.long_seconds = LONG_SECONDS
        """Work that has been under way for this long counts as waiting."""

    def began(self, what: WaitingFor, doing: str, because: str, *, if_long: bool = False) -> None:
        """Begin a wait; one that has begun goes on, with this reason. `if_long`: it counts after `long_seconds`."""
        known = self._begun.get((what, doing))
        if known is None:
            self._begun[what, doing] = _Begun(monotonic(), real_now(), because, if_long)
        else:
            known.because = because

    def ended(self, what: WaitingFor, doing: str) -> None:
        """End a wait. Idempotent."""
        self._begun.pop((what, doing), None)

    @contextmanager
    def under_way(self, what: WaitingFor, doing: str) -> Iterator[None]:
        """Work that counts as a wait if it takes `long_seconds`."""
        self.began(what, doing, "it is under way and does not end", if_long=True)
        try:
            yield
        finally:
            self.ended(what, doing)

    def all(self) -> Sequence[Wait]:
        """What waits now, the oldest first."""
        now = monotonic()
        begun = sorted(self._begun.items(), key=lambda entry: entry[1].at)
        return [
            Wait(what, doing, b.since, round(now - b.at, 1), b.because)
            for (what, doing), b in begun
            if not b.if_long or now - b.at >= self.long_seconds
        ]


class Patience:
    """Paces retries during an outage: pauses double up to 2 s; logs its start, every 10 s, and its end."""

    def __init__(self, what: WaitingFor, doing: str, waits: Waits) -> None:
        self._what, self._doing, self._waits = what, doing, waits
        self._tries = 0
        self._began = self._logged_at = 0.0

    @property
    def seconds(self) -> float:
        """How long it has waited."""
        return monotonic() - self._began if self._tries else 0.0

    async def wait(self, failure: BaseException) -> None:
        """Pause after a failure."""
        now = monotonic()
        if self._tries == 0:
            self._began = now
        self._waits.began(self._what, self._doing, said(failure))
        if self._tries == 0 or now - self._logged_at >= _SECONDS_BETWEEN_LINES:
            self._logged_at = now
            log.warning("waiting for an outage to end", doing=self._doing, error=said(failure))
        self._tries += 1
        await pause(min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self._tries - 1, 10), _LONGEST_PAUSE_SECONDS))

    def over(self) -> None:
        """The work has succeeded."""
        if self._tries:
            log.info("the outage is over", doing=self._doing, seconds=round(self.seconds, 1))
            self._tries = 0
            self._waits.ended(self._what, self._doing)


async def possible(
    what: WaitingFor,
    doing: str,
    work: Callable[[], Coroutine[Any, Any, T]],
    waits: Waits | None = None,
    *,
    refused_seconds: float = REFUSED_SECONDS,
) -> T:
    """The result of `work` at a start, retried until no outage prevents it.

    Raises `Unusable` if a server that answers has not admitted this user for `refused_seconds`.
    """
    patience = Patience(what, doing, waits or Waits())
    while True:
        try:
            done = await work()
        except Exception as failure:
            if not is_outage(failure):
                raise
            if is_refusal_of_a_server(failure) and patience.seconds > refused_seconds:
                raise Unusable(
                    f"{doing}: the server answers and refuses ({said(failure)}); correct user, password and name in "
                    "SANSHA_DATABASE_URL or SANSHA_KAFKA_USERNAME and SANSHA_KAFKA_PASSWORD, or their files in "
                    "SANSHA_SECRETS_DIR, or make the user at the server, and start again"
                ) from failure
            await patience.wait(failure)
        else:
            patience.over()
            return done
