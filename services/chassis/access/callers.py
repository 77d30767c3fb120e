"""Callers by what they send: a user's key, or a session's token."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from services.chassis.access.caller import Caller, Callers
from services.chassis.access.sessions import Session, is_session, read_session, session_token
from services.chassis.access.users import Users
from services.chassis.machine_time import real_time

_PASSWORDS_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The callers that any of these knows."""

    each: Sequence[Callers]

    async def known_by(self, token: str) -> Caller | None:
        for callers in self.each:
            if (found := await callers.known_by(token)) is not None:
                return found
        return None


@dataclass
class KnownUsers:
    """The users of a file. Their sessions last this many seconds of real time."""

    users: Users
    session_seconds: float
    _checking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_PASSWORDS_AT_ONCE))

    async def known_by(self, token: str) -> Caller | None:
        if not is_session(token):
            return self.users.by_key(token)
        session = read_session(token, real_time(), self._secret_of)
        user = None if session is None else self.users.by_name(session.user)
        return None if session is None or user is None else Caller(user.user, frozenset(user.roles), session.purpose)

    async def has_password(self, user: str, password: str) -> bool:
        """Whether a user of this name has this password; takes as long for one that does not exist."""
        async with self._checking:
            return await asyncio.to_thread(self.users.have_password, user, password)

    def opened(self, user: str, purpose: str) -> tuple[str, datetime]:
        """(token, its end) of a new session."""
        until = int(real_time() + self.session_seconds)
        token = session_token(Session(user, purpose, until), self._secret_of(user))
        return token, datetime.fromtimestamp(until, UTC)

    def _secret_of(self, user: str) -> str:
        found = self.users.by_name(user)
        return "" if found is None else found.password_scrypt
