"""TLS of a listener and of its callers: both sides show a certificate of one authority; renewed files are taken on."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import structlog

from services.chassis.outages import Unusable

log = structlog.get_logger(__name__)

UNKNOWN_AUTHORITY: Final = "unknown_authority"
NO_CERTIFICATE: Final = "no_certificate"
_VERDICTS: Final = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    23: "certificate_revoked",
    26: "certificate_of_another_purpose",
}
"""OpenSSL's codes (`X509_V_ERR_…`) → why a client's certificate was refused."""


CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are OpenSSL's own. All are AEAD with forward secrecy."""


class UnusableTls(Unusable, ValueError):
    """A file of TLS that is missing, no PEM, or a key of another certificate."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the authority of the other side's certificates, this side's certificate and its key.

    Without `key_file` the key is in the file of the certificate.
    """

    ca_file: Path
    certificate_file: Path
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """For a listener: a client must show a certificate. Raises `UnusableTls` for files that cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        return self._loaded(context)

    def client_context(self) -> ssl.SSLContext:
        """For a caller: the server must show a certificate for the name by which it is called. Raises as `context`."""
        return self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        for file in (self.certificate_file, self.key_file):
            self._readable(file)
        try:
            context.load_verify_locations(self._readable(self.ca_file))
        except ssl.SSLError as wrong:
            raise UnusableTls(f"{self.ca_file} holds no certificate in PEM that can be used ({wrong.reason})") from None
        try:
            context.load_cert_chain(self.certificate_file, self.key_file)
        except ssl.SSLError as wrong:
            raise UnusableTls(
                f"{self.certificate_file} holds no certificate in PEM with the key that belongs to it "
                f"({wrong.reason}): give one that its authority has issued, and its key"
            ) from None
        return context

    @staticmethod
    def _readable(file: Path | None) -> Path | None:
        try:
            if file is not None:
                file.open("rb").close()
        except OSError as wrong:
            raise UnusableTls(f"{file} cannot be read ({wrong.strerror}): it is named as a file of TLS") from None
        return file

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Changes when a file is replaced. Raises `OSError` for one that is missing."""
        files = (getattr(self, one.name) for one in fields(self))
        found = [file.stat() for file in files if file is not None]
        return tuple((about.st_ino, about.st_mtime_ns) for about in found)


class Followed:
    """A context whose certificate follows its files: new connections show a renewed one, without a restart.

    Files that cannot be used leave what was read before, with a warning.
    """

    def __init__(self, tls: Tls, make: Callable[[Tls], ssl.SSLContext]) -> None:
        """Raises `UnusableTls` for files that cannot be used."""
        self._tls = tls
        self.context = make(tls)
        self._stamp = tls.stamp()

    def look(self) -> None:
        """Read the files again if they have changed."""
        try:
            if (stamp := self._tls.stamp()) == self._stamp:
                return
            self._stamp = stamp
            self.context.load_verify_locations(self._tls.ca_file)
            self.context.load_cert_chain(self._tls.certificate_file, self._tls.key_file)
        except (OSError, ssl.SSLError) as wrong:
            log.warning("a renewed certificate cannot be used", file=str(self._tls.certificate_file), error=str(wrong))
        else:
            log.info("a renewed certificate is in use", file=str(self._tls.certificate_file))


def why_refused(failure: BaseException | None) -> str:
    """Why a client's certificate was refused in the handshake; empty if the handshake failed for another reason."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _VERDICTS.get(failure.verify_code, UNKNOWN_AUTHORITY)
    if isinstance(failure, ssl.SSLError) and failure.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return NO_CERTIFICATE
    return ""
