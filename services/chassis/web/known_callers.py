"""Which callers a service admits, by its settings."""

from __future__ import annotations

from typing import Final

from services.chassis.access.caller import Callers, Open
from services.chassis.access.callers import FirstOf, KnownUsers
from services.chassis.access.users import UnusableUsers, Users
from services.chassis.deferred import Deferred
from services.chassis.settings import ServiceSettings

_OPENID: Final[Deferred[Callers]] = Deferred("services.chassis.access.openid:OpenIdCallers", extra="openid")


def known_callers(settings: ServiceSettings) -> Callers:
    """Raises `UnusableUsers` for a users file that is missing or damaged."""
    if settings.access == "open":
        return Open()
    path = settings.users_file
    users = None if path is None else KnownUsers(Users(path), settings.session_hours * 3600)
    if settings.access == "openid":
        provider = _OPENID.load()(settings.openid_issuer, settings.openid_audience, settings.openid_roles_claim)
        return provider if users is None else FirstOf((users, provider))
    if users is None:
        raise UnusableUsers("SANSHA_USERS_FILE is not set; make one with sansha users add, or set SANSHA_ACCESS=open")
    return users
