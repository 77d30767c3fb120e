"""Outages: failures of the database, the bus or the machine, which no event and no request has caused.

They end by themselves or by an operator's action, so the work is retried until then; nothing is set aside.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from sqlalchemy import exc

from services.chassis.clock import monotonic, pause

_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58", "XX"})
"""SQLSTATE classes: connection, authorization, no such database, rolled back (deadlock, serialization), resources
(disk full, out of memory, too many connections), not in the required state (a lock not available, no connections
allowed), operator intervention (shutdown), system, internal."""
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
    """Whether a failure is an outage of the database, the bus or the machine."""
    if isinstance(failure, (Outage, OSError)):  # TimeoutError is an OSError: no connection came free
        return True
    if isinstance(failure, exc.DBAPIError):
        cause = failure.orig
        return failure.connection_invalidated or any(map(_driver_says_so, (cause, cause and cause.__cause__)))
    return _driver_says_so(failure)


def _driver_says_so(failure: Any) -> bool:
    """By the codes of the driver's exception, or of SQLAlchemy's wrapper around it."""
    state = getattr(failure, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in _CLASSES or state == _READ_ONLY
    code = getattr(failure, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE
    if type(failure).__module__.startswith("asyncpg."):  # a broken connection; asyncpg raises ValueError for values
        return not isinstance(failure, ValueError)
    return isinstance(failure, OSError)


def lost_a_race(failure: BaseException) -> bool:
    """Whether the work failed because another transaction was first, so that a retry may succeed."""
    if isinstance(failure, exc.IntegrityError):
        return True
    return isinstance(failure, exc.DBAPIError) and str(getattr(failure.orig, "sqlstate", "")).startswith("40")


def said(failure: BaseException) -> str:
    """One line for a log, without the statement and its parameters."""
    cause = failure.orig if isinstance(failure, exc.DBAPIError) and failure.orig is not None else failure
    lines = str(cause).strip().splitlines()
    return f"{type(failure).__name__}: {lines[0]}" if lines else type(failure).__name__


class Patience:
    """Paces retries during an outage: pauses double up to 2 s; logs its start, every 10 s, and its end."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._tries = 0
        self._began = self._logged_at = 0.0

    async def wait(self, failure: BaseException) -> None:
        """Pause after a failure."""
        now = monotonic()
        if self._tries == 0:
            self._began = now
        if self._tries == 0 or now - self._logged_at >= _SECONDS_BETWEEN_LINES:
            self._logged_at = now
            log.warning("waiting for an outage to end", doing=self._doing, error=said(failure))
        self._tries += 1
        await pause(min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self._tries - 1, 10), _LONGEST_PAUSE_SECONDS))

    def over(self) -> None:
        """The work has succeeded."""
        if self._tries:
            log.info("the outage is over", doing=self._doing, seconds=round(monotonic() - self._began, 1))
            self._tries = 0
