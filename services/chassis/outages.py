"""Outages: failures of the database, the bus or the machine, which no event and no request can be blamed for.

They pass by themselves or by an operator's hand, so whoever meets one waits and tries again; nothing is set aside.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from sqlalchemy import exc

from services.chassis.clock import monotonic, pause

_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58", "XX"})
"""SQLSTATE classes: connection, authorization, no such database, rolled back (deadlock, serialization), resources
(disk full, out of memory, too many connections), not in the right state (a lock that is not to be had, no connections
allowed), operator's intervention (shutdown), system, internal."""
_READ_ONLY: Final = "25006"
_SQLITE: Final = frozenset({5, 6, 7, 8, 10, 11, 13, 14, 15, 26})
"""SQLite: busy, locked, no memory, read-only, I/O, corrupt, full, cannot open, protocol, no database file."""
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0
_SECONDS_BETWEEN_LINES: Final = 10.0

log = structlog.get_logger(__name__)


class Outage(Exception):
    """Base of the errors that are outages by themselves, whatever their cause."""


def is_outage(failure: BaseException) -> bool:
    """Whether a failure is the database's, the bus' or the machine's own."""
    if isinstance(failure, (Outage, OSError)):  # TimeoutError is an OSError: no connection came free
        return True
    if isinstance(failure, exc.DBAPIError):
        told = failure.orig
        return failure.connection_invalidated or any(map(_is_the_driver_s, (told, told and told.__cause__)))
    return _is_the_driver_s(failure)


def _is_the_driver_s(failure: Any) -> bool:
    """`failure` is the driver's exception, as it is or as SQLAlchemy words it."""
    state = getattr(failure, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in _CLASSES or state == _READ_ONLY
    code = getattr(failure, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE
    if type(failure).__module__.startswith("asyncpg."):  # a connection that broke; of values it is a ValueError
        return not isinstance(failure, ValueError)
    return isinstance(failure, OSError)


def lost_a_race(failure: BaseException) -> bool:
    """Whether another transaction was first: the same once more may well succeed."""
    if isinstance(failure, exc.IntegrityError):
        return True
    return isinstance(failure, exc.DBAPIError) and str(getattr(failure.orig, "sqlstate", "")).startswith("40")


def said(failure: BaseException) -> str:
    """One line for a log: neither the statement nor what it was about."""
    told = failure.orig if isinstance(failure, exc.DBAPIError) and failure.orig is not None else failure
    lines = str(told).strip().splitlines()
    return f"{type(failure).__name__}: {lines[0]}" if lines else type(failure).__name__


class Patience:
    """Waits an outage out: pauses that grow to two seconds; a log line at its start, every ten seconds, and after."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._tries = 0
        self._began = self._told_at = 0.0

    async def wait(self, failure: BaseException) -> None:
        """Let some time pass after a failure."""
        now = monotonic()
        if self._tries == 0:
            self._began = now
        if self._tries == 0 or now - self._told_at >= _SECONDS_BETWEEN_LINES:
            self._told_at = now
            log.warning("waiting for an outage to end", doing=self._doing, error=said(failure))
        self._tries += 1
        await pause(min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self._tries - 1, 10), _LONGEST_PAUSE_SECONDS))

    def over(self) -> None:
        """It worked."""
        if self._tries:
            log.info("the outage is over", doing=self._doing, seconds=round(monotonic() - self._began, 1))
            self._tries = 0
