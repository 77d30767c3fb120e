"""Which terminal may fetch receipt files: certificate, user ID and password are checked with every request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Admission(StrEnum):
    """The outcome of a request. The terminal learns only whether it is admitted; the record says why not."""

    ADMITTED = "admitted"
    NO_CERTIFICATE = "no_certificate"
    OTHER_CERTIFICATE = "other_certificate"
    """It is not pinned: not the one certificate admitted, or none of this user's."""
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_OF_ANOTHER_PURPOSE = "certificate_of_another_purpose"
    UNKNOWN_AUTHORITY = "unknown_authority"
    WRONG_USER_OR_PASSWORD = "wrong_user_or_password"
    LOCKED_OUT = "locked_out"
    NOT_LOGGED_IN = "not_logged_in"
    SESSION_EXPIRED = "session_expired"


@dataclass(frozen=True, slots=True)
class TerminalCredentials:
    """What a terminal sends with a request. `certificate` is the certificate's SHA-256, empty for none."""

    certificate: str
    user: str
    password: str = field(repr=False)
    session: str = field(default="", repr=False)
    pem: str = field(default="", repr=False)
    """The certificate itself."""


HasPassword = Callable[[str, str], bool]
"""Whether a user has this password."""
CertificateFault = Callable[[TerminalCredentials], Admission | None]
"""Why a certificate does not admit a user; None if it does."""


def fault_of(*, begun: bool, ended: bool, revoked: bool, fitting: bool, pinned: bool) -> Admission | None:
    """Why a certificate is refused. Revocation is named first: it is the one that calls for inquiries."""
    if revoked:
        return Admission.CERTIFICATE_REVOKED
    if not begun:
        return Admission.CERTIFICATE_NOT_YET_VALID
    if ended:
        return Admission.CERTIFICATE_EXPIRED
    if not fitting:
        return Admission.CERTIFICATE_OF_ANOTHER_PURPOSE
    return None if pinned else Admission.OTHER_CERTIFICATE


@dataclass(frozen=True, slots=True)
class TerminalTerms:
    """The terminal that is admitted. An empty `certificate` stands for any of the authority.

    With `people`, each of its clerks has a user ID and a password of their own, in place of `user` and `password`.
    """

    user: str
    password: str = field(repr=False)
    certificate: str
    session_lifetime: timedelta
    secret: bytes = field(repr=False)
    people: HasPassword | None = field(default=None, repr=False)
    fault: CertificateFault | None = field(default=None, repr=False)

    def admit(self, shown: TerminalCredentials) -> Admission:
        """Admit or refuse a login."""
        if not shown.certificate:
            return Admission.NO_CERTIFICATE
        if self.certificate and not _same(shown.certificate, self.certificate):
            return Admission.OTHER_CERTIFICATE
        if self.fault is not None and (fault := self.fault(shown)) is not None:
            return fault
        return Admission.ADMITTED if self._is_right(shown) else Admission.WRONG_USER_OR_PASSWORD

    def _is_right(self, shown: TerminalCredentials) -> bool:
        if self.people is not None:
            return self.people(shown.user, shown.password)
        return _same(shown.user, self.user) & _same(shown.password, self.password) and bool(self.password)

    def open_session(self, shown: TerminalCredentials, now: datetime) -> tuple[str, datetime]:
        """(session, its end) of an admitted terminal. The session is bound to user and certificate."""
        until = now + self.session_lifetime
        return self._session(shown, int(until.timestamp())), until

    def admit_again(self, shown: TerminalCredentials, now: datetime) -> Admission:
        """Admit or refuse a request after the login."""
        admission = self.admit(shown)
        if admission is not Admission.ADMITTED:
            return admission
        seconds = shown.session.partition(".")[0]
        if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
            return Admission.NOT_LOGGED_IN
        if not _same(shown.session, self._session(shown, int(seconds))):
            return Admission.NOT_LOGGED_IN
        return Admission.ADMITTED if now < datetime.fromtimestamp(int(seconds), UTC) else Admission.SESSION_EXPIRED

    def _session(self, shown: TerminalCredentials, until: int) -> str:
        said = f"{until}\x1f{shown.user}\x1f{shown.certificate}".encode()
        return f"{until}.{hmac.digest(self.secret, said, hashlib.sha256).hex()}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
