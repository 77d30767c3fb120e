"""The caller of a request, and what identifies one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from contracts.roles import EVERY_ROLE, Role


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program. `purpose` is why it reads personal data (利用目的)."""

    user: str
    roles: frozenset[Role]
    purpose: str

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether it has one of these roles."""
        return not self.roles.isdisjoint(roles)


ANYBODY = Caller("anybody", EVERY_ROLE, "open to anybody on this machine")
"""Every caller of a service that asks for no credentials."""


class Callers(Protocol):
    """Knows callers by what they send with a request."""

    async def known_by(self, token: str) -> Caller | None:
        """The caller of a bearer token; None if nobody has it, or has it no longer."""


class Open:
    """Admits anybody, in every role."""

    async def known_by(self, token: str) -> Caller | None:
        return ANYBODY
