"""Sessions of people who have logged in: signed, so that every replica knows them and none stores them.

A session is signed with the hash of its user's password, which only the users file has: it cannot be made without that
file, whatever the seed, and ends when the password is changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

_MARK: Final = "session."


class Session(NamedTuple):
    user: str
    purpose: str
    """Why personal data are read in it (利用目的)."""
    until: int
    """Its end, in seconds since 1970-01-01T00:00:00Z of real time."""


def session_token(session: Session, secret: str) -> str:
    """The bearer token of a session, signed with its user's `secret`."""
    content = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode()
    return f"{_MARK}{content}.{_signature(content, secret)}"


def read_session(token: str, now: float, secret_of: Callable[[str], str]) -> Session | None:
    """None for a token that its user's secret has not signed, or that has ended; `now` in seconds of real time.

    `secret_of` gives the secret of a user, empty for one that opens no sessions.
    """
    content, _, signature = token.removeprefix(_MARK).rpartition(".")
    try:
        session = msgspec.json.decode(base64.urlsafe_b64decode(content), type=Session)
    except ValueError:  # no base64, no ASCII, no JSON, another form
        return None
    secret = secret_of(session.user)
    if not secret or not hmac.compare_digest(signature.encode(), _signature(content, secret).encode()):
        return None
    return session if is_session(token) and now < session.until else None


def is_session(token: str) -> bool:
    """Whether a bearer token has the form of a session's."""
    return token.startswith(_MARK)


def _signature(content: str, secret: str) -> str:
    return hmac.digest(secret.encode(), f"session\x1f{content}".encode(), hashlib.sha256).hex()
