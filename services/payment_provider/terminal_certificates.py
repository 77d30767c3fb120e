"""端末証明書: the terminals' certificates, of one purpose, pinned to a user, revoked by a list read as it changes.

Imported only by a provider that listens for terminals: it loads the library of certificates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import structlog
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.chassis.machine_time import real_now
from services.chassis.outages import Unusable
from services.payment_provider.domain.terminal_access import Admission, CertificateFault, TerminalCredentials, fault_of

log = structlog.get_logger(__name__)

T = TypeVar("T")
_CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string
_SERVERS: Final = frozenset(
    {ExtendedKeyUsageOID.SERVER_AUTH.dotted_string, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string}
)


def certificate_fault(authority: Path, purpose: str, revoked: Path | None, pins: Path | None) -> CertificateFault:
    """The rules of the settings; an empty purpose and None stand for none. Raises `Unusable` for unusable files."""
    return _Rules(authority, purpose, revoked, pins).fault


class _Rules:
    def __init__(self, authority: Path, purpose: str, revoked: Path | None, pins: Path | None) -> None:
        self._purpose = purpose
        self._revoked = None if revoked is None else _Followed(revoked, lambda file: _revoked(file, authority))
        self._pins = None if pins is None else _Followed(pins, _pins)

    def fault(self, shown: TerminalCredentials) -> Admission | None:
        """Why the certificate does not admit this user; None if it does."""
        certificate, now = _read(shown.pem), real_now()
        pins = None if self._pins is None else self._pins.now().get(shown.user, frozenset())
        usages = _usages(certificate)
        return fault_of(
            begun=certificate.not_valid_before_utc <= now,
            ended=certificate.not_valid_after_utc <= now,
            revoked=self._revoked is not None and certificate.serial_number in self._revoked.now(),
            fitting=_CLIENT in usages and not usages & _SERVERS and (not self._purpose or self._purpose in usages),
            pinned=pins is None or shown.certificate in pins,
        )


class _Followed(Generic[T]):
    """What a file holds, read again when it changes. If that fails, what was read before stays, with a warning."""

    def __init__(self, file: Path, read: Callable[[Path], T]) -> None:
        self._file, self._read = file, read
        try:
            self._stamp, self._held = _stamp(file), read(file)
        except (OSError, ValueError) as wrong:
            raise Unusable(f"{file} cannot be used ({wrong}); restore it or correct the setting") from None

    def now(self) -> T:
        try:
            if (stamp := _stamp(self._file)) != self._stamp:
                self._stamp = stamp
                self._held = self._read(self._file)
        except (OSError, ValueError) as wrong:
            log.warning(
                "a file of the terminals cannot be read; what it held stays", file=str(self._file), error=str(wrong)
            )
        return self._held


def _stamp(file: Path) -> tuple[int, int]:
    about = file.stat()
    return about.st_ino, about.st_mtime_ns


def _revoked(file: Path, authority: Path) -> frozenset[int]:
    """Raises `ValueError` for a list that is not this authority's."""
    listed = x509.load_pem_x509_crl(file.read_bytes())
    issuers = x509.load_pem_x509_certificates(authority.read_bytes())
    if not any(listed.issuer == one.subject and listed.is_signature_valid(one.public_key()) for one in issuers):  # type: ignore[arg-type]
        raise ValueError(f"the list is not signed by the authority of {authority}")
    return frozenset(entry.serial_number for entry in listed)


def _pins(file: Path) -> Mapping[str, frozenset[str]]:
    document: Any = json.loads(file.read_text())
    try:
        return {str(user): frozenset(str(pin["sha256"]) for pin in pins) for user, pins in document.items()}
    except (AttributeError, TypeError, KeyError):
        raise ValueError('it must have, for each user, a list of {"sha256": …}') from None


@lru_cache(maxsize=64)
def _read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _usages(certificate: x509.Certificate) -> frozenset[str]:
    """Empty for a certificate that states no purpose."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(usage.dotted_string for usage in usages)
