"""Sessions of people who have logged in: signed, so that every replica knows them and none stores them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

_MARK: Final = "session."


class Session(NamedTuple):
    user: str
    purpose: str
    """Why personal data are read in it (利用目的)."""
    until: int
    """Its end, in seconds since 1970-01-01T00:00:00Z of real time."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens sessions and reads their tokens. `secret` signs them."""

    secret: bytes

    def token(self, session: Session) -> str:
        content = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode()
        return f"{_MARK}{content}.{self._signature(content)}"

    def read(self, token: str, now: float) -> Session | None:
        """None for a token that is not ours or has ended; `now` in seconds of real time."""
        mark, content, signature = token[: len(_MARK)], *token[len(_MARK) :].rpartition(".")[::2]
        if mark != _MARK or not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return None
        try:
            session = msgspec.json.decode(base64.urlsafe_b64decode(content), type=Session)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            return None
        return session if now < session.until else None

    def _signature(self, content: str) -> str:
        return hmac.digest(self.secret, f"session\x1f{content}".encode(errors="replace"), hashlib.sha256).hex()


def is_session(token: str) -> bool:
    """Whether a bearer token has the form of a session's."""
    return token.startswith(_MARK)
