"""The authority of a stack (認証局): issues certificates, each for one purpose and a year, and lists revoked ones.

Keys are P-256. A certificate's purpose stands in its extended key usage: TLS's own, server or client, and ours
(`services.chassis.web.certificates`), so that one for one purpose is none for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.chassis.machine_time import real_now
from services.chassis.web.certificates import PEER_PURPOSE, SERVER_PURPOSE, TERMINAL_PURPOSE

LIFETIME: Final = timedelta(days=365)
AUTHORITY_LIFETIME: Final = timedelta(days=3_650)
BEFORE_ITS_END: Final = timedelta(days=30)
"""A certificate is renewed at a start if no more is left than this."""
CLOCKS_DIFFER: Final = timedelta(minutes=10)
ORGANIZATION: Final = "sansha"


class Purpose(StrEnum):
    """What a certificate is for."""

    AUTHORITY = "authority"
    SERVER = "server"
    PEER = "peer"
    TERMINAL = "terminal"
    UNKNOWN = "unknown"


_USAGES: Final = {
    Purpose.SERVER: (ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier(SERVER_PURPOSE)),
    Purpose.PEER: (ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier(PEER_PURPOSE)),
    Purpose.TERMINAL: (ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier(TERMINAL_PURPOSE)),
}


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, PEM."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a certificate says of itself."""

    name: str
    purpose: Purpose
    hosts: tuple[str, ...]
    serial: str
    """Hex digits."""
    sha256: str
    not_before: datetime
    not_after: datetime

    def is_near_its_end(self, now: datetime, margin: timedelta = BEFORE_ITS_END) -> bool:
        return self.not_after - now <= margin


class Authority:
    """An authority's certificate and key."""

    def __init__(self, issued: Issued) -> None:
        """Raises `ValueError` for what is no certificate and its key."""
        self.pem = issued.certificate
        self._certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
        key = load_pem_private_key(issued.key.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != self._certificate.public_key():
            raise ValueError("the key is not that of the authority's certificate")
        self._key = key

    @classmethod
    def made(cls, name: str) -> tuple[Self, Issued]:
        """A new authority that signs itself."""
        key, now = ec.generate_private_key(ec.SECP256R1()), real_now()
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        built = (
            _begun(name, key, name, now - CLOCKS_DIFFER, now + AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        issued = Issued(_pem(built), _key_pem(key))
        return cls(issued), issued

    def issue(
        self,
        name: str,
        purpose: Purpose,
        hosts: Sequence[str] = (),
        lifetime: timedelta = LIFETIME,
        begins: datetime | None = None,
    ) -> Issued:
        """A new key and its certificate: from now (or `begins`) on, until the authority's end at the latest."""
        key, now = ec.generate_private_key(ec.SECP256R1()), real_now()
        ends = min((begins or now) + lifetime, self._certificate.not_valid_after_utc)
        issuer = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
        own = self._certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        built = (
            _begun(name, key, str(own), begins or min(now, ends) - CLOCKS_DIFFER, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage(_USAGES[purpose]), critical=False)
            .add_extension(by, critical=False)
        )
        if hosts:
            built = built.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        return Issued(_pem(built.sign(self._key, hashes.SHA256())), _key_pem(key))

    def has_issued(self, pem: str) -> bool:
        """Whether it has signed the first certificate of a PEM text. Raises `ValueError` if there is none."""
        try:
            x509.load_pem_x509_certificate(pem.encode()).verify_directly_issued_by(self._certificate)
        except (InvalidSignature, TypeError):
            return False
        return True

    def revoked(self, serials: Sequence[str]) -> str:
        """失効リスト: the list of revoked certificates (CRL), PEM."""
        now = real_now()
        list_ = x509.CertificateRevocationListBuilder().issuer_name(self._certificate.subject)
        list_ = list_.last_update(now).next_update(now + AUTHORITY_LIFETIME)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(now)
            list_ = list_.add_revoked_certificate(entry.build())
        return list_.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def known(pem: str) -> Known:
    """What the first certificate of a PEM text says. Raises `ValueError` if there is none."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Known(
        name=str(names[0].value) if names else "",
        purpose=_purpose(certificate),
        hosts=_hosts(certificate),
        serial=f"{certificate.serial_number:x}",
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def revoked_serials(pem: str) -> Sequence[str]:
    """The serials of a list of revoked certificates, hex digits. Raises `ValueError` if it is none."""
    return [f"{entry.serial_number:x}" for entry in x509.load_pem_x509_crl(pem.encode())]


def _begun(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(_subject(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, ORGANIZATION), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _purpose(certificate: x509.Certificate) -> Purpose:
    try:
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return Purpose.AUTHORITY
        usages = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return Purpose.UNKNOWN
    return next((purpose for purpose, its in _USAGES.items() if usages == set(its)), Purpose.UNKNOWN)


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
