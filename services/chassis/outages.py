"""Outages: failures of the database, the bus or the machine, which no event and no request has caused.

They end by themselves or by an operator's action, so the work is retried until then; nothing is set aside. What no
retry mends is `Unusable`: the process ends with one line and exit status 2 (docs/decisions/0045).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import exc

_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58", "XX"})
"""SQLSTATE classes: connection, authorization, no such database, rolled back (deadlock, serialization), resources
(disk full, out of memory, too many connections), not in the required state (a lock not available, no connections
allowed), operator intervention (shutdown), system, internal."""
_DATA_CLASSES: Final = frozenset({"22", "54"})
"""SQLSTATE classes: data exception (a NUL, out of range), program limit exceeded (too long for an index)."""
_SQLITE_TOO_BIG: Final = 18
_READ_ONLY: Final = "25006"
_SQLITE: Final = frozenset({5, 6, 7, 8, 10, 13, 14, 15})
"""SQLite: busy, locked, no memory, read-only, I/O, full, cannot open, protocol."""
_DAMAGED: Final = frozenset({11, 26})
"""SQLite: corrupt, no database file."""
_NOT_ADMITTED: Final = frozenset({"28000", "28P01", "3D000"})
"""SQLSTATE: no such role or no access, wrong password, no such database."""


class Outage(Exception):
    """Base of the errors that are outages by themselves, whatever their cause."""


class NotAdmitted(Outage):
    """A server answers, and admits neither this user nor this password."""


class Unusable(Exception):
    """No retry mends this, such as a damaged file. The text names the file, and says what to do."""


def is_outage(failure: BaseException) -> bool:
    """Whether a failure is an outage of the database, the bus or the machine."""
    if isinstance(failure, Unusable):
        return False
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


def is_damage(failure: BaseException) -> bool:
    """Whether SQLite found the file damaged, or to be no database."""
    cause = failure.orig if isinstance(failure, exc.DBAPIError) else failure
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGED


def is_refusal_of_a_server(failure: BaseException) -> bool:
    """Whether a server answered and does not admit this user, or has no such database: it will say the same again."""
    if isinstance(failure, NotAdmitted):
        return True
    cause = failure.orig if isinstance(failure, exc.DBAPIError) else failure
    return any(getattr(each, "sqlstate", None) in _NOT_ADMITTED for each in (cause, cause and cause.__cause__))


def is_unstorable(failure: BaseException) -> bool:
    """Whether the database or its driver cannot hold a value: a NUL in a text, a number beyond the column's."""
    cause = failure.orig if isinstance(failure, exc.DBAPIError) else failure
    for one in (cause, cause and cause.__cause__):
        state = getattr(one, "sqlstate", None)
        if isinstance(state, str) and state[:2] in _DATA_CLASSES:
            return True
        if isinstance(one, (OverflowError, UnicodeEncodeError)):
            return True
        if type(one).__module__.startswith("asyncpg.") and isinstance(one, ValueError):
            return True
        if getattr(one, "sqlite_errorcode", None) == _SQLITE_TOO_BIG:
            return True
    return False


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
