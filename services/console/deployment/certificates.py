"""The certificates of a stack of containers: an authority, made at the first start, and each principal's own.

In the folder of the authority's owner, `authority.pem` has its certificate and key. Every other owner has `ca.pem`, the
authority's certificate, and for each purpose a file with a certificate and its key: `server.pem`, `peer.pem`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contracts import topics
from contracts.access import LOAD_TEST
from contracts.parties import PARTIES
from services.chassis.machine_time import real_now
from services.console.deployment.authority import Authority, Issued, Known, Purpose, known
from services.console.deployment.secret_files import write_secret

AUTHORITY, GATEWAY, KAFKA = "authority", "gateway", "kafka"
AUTHORITY_FILE: Final = "authority.pem"
CA_FILE: Final = "ca.pem"
HERE: Final = ("localhost", "127.0.0.1")
_KEY_BEGINS: Final = "-----BEGIN PRIVATE KEY-----"


class NoAuthority(Exception):
    """A folder has no authority that can issue certificates; the text says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A certificate of an owner, and the host names that it is for."""

    owner: str
    name: str
    purpose: Purpose
    hosts: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.purpose}.pem"


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that a folder holds."""

    file: Path
    about: Known


def host_of(principal: str) -> str:
    """The host name among the containers."""
    return principal.replace(".", "-").replace("_", "-")


def _wanted() -> Iterator[Wanted]:
    for principal in topics.PRINCIPALS:
        yield Wanted(principal, principal, Purpose.SERVER, (host_of(principal), *HERE))
        yield Wanted(principal, principal, Purpose.PEER)
    for caller in (GATEWAY, LOAD_TEST):
        yield Wanted(caller, caller, Purpose.PEER)
    yield Wanted(KAFKA, KAFKA, Purpose.SERVER, (KAFKA, *HERE))
    for party in PARTIES:
        database = f"{host_of(party)}-database"
        yield Wanted(f"{party}.database", database, Purpose.SERVER, (database, *HERE))


WANTED: Final = tuple(_wanted())


def make_certificates(folder: Path) -> Sequence[Path]:
    """Make the authority and the certificates that are missing or near their end; returns the files written.

    Raises `OSError` if the folder cannot be written, `NoAuthority` for one that cannot be used.
    """
    made: list[Path] = []
    authority = _authority_or_new(folder / AUTHORITY / AUTHORITY_FILE, made)
    for owner in dict.fromkeys(wanted.owner for wanted in WANTED):
        _put(folder / owner / CA_FILE, authority.pem, made)
    now = real_now()
    for wanted in WANTED:
        file = folder / wanted.owner / wanted.file
        if not _is_good(file, wanted, authority, now):
            _put(file, one_file(authority.issue(wanted.name, wanted.purpose, wanted.hosts)), made)
    return made


def authority_of(folder: Path) -> Authority:
    """The authority of a folder of certificates. Raises `NoAuthority`."""
    file = folder / AUTHORITY / AUTHORITY_FILE
    try:
        certificate, key = _parts(file.read_text())
        return Authority(Issued(certificate, key))
    except FileNotFoundError:
        raise NoAuthority(f"{file} is missing: name the folder with the authority's own folder in it") from None
    except (OSError, ValueError) as wrong:
        raise NoAuthority(f"{file} cannot be used ({wrong}); restore it") from None


def held(folder: Path) -> Sequence[Held]:
    """Every certificate of a folder and the folders in it, its authority's too."""
    found = []
    for file in sorted(folder.rglob("*.pem")):
        if file.name == CA_FILE or "CERTIFICATE-----" not in (text := file.read_text()):
            continue
        found.append(Held(file, known(text)))
    return found


def renew(folder: Path, names: Sequence[str] = ()) -> Sequence[Path]:
    """Issue these certificates anew (default: all but the authority's), each with a new key, in the former's place.

    Returns the files written. Raises `NoAuthority`, `LookupError` naming what is not there, `OSError`.
    """
    authority = authority_of(folder)
    there = [one for one in held(folder) if one.about.purpose in (Purpose.SERVER, Purpose.PEER)]
    if missing := set(names) - {one.about.name for one in there}:
        have = ", ".join(sorted({one.about.name for one in there}))
        raise LookupError(f"no certificate is for {', '.join(sorted(missing))}; there are: {have}")
    made: list[Path] = []
    for one in there:
        if not names or one.about.name in names:
            _put(one.file, one_file(authority.issue(one.about.name, one.about.purpose, one.about.hosts)), made)
    return made


def _authority_or_new(file: Path, made: list[Path]) -> Authority:
    if file.exists():
        return authority_of(file.parent.parent)
    authority, issued = Authority.made("sansha authority")
    _put(file, one_file(issued), made)
    return authority


def _is_good(file: Path, wanted: Wanted, authority: Authority, now: datetime) -> bool:
    """Whether a certificate is there, is what is wanted, of this authority, and lasts."""
    try:
        about, ours = known(text := file.read_text()), authority.has_issued(text)
    except (FileNotFoundError, ValueError):
        return False
    as_wanted = (about.name, about.purpose, about.hosts) == (wanted.name, wanted.purpose, wanted.hosts)
    return ours and as_wanted and not about.is_near_its_end(now)


def one_file(issued: Issued) -> str:
    """Key and certificate, PEM: a renewal replaces both at once."""
    return issued.key + issued.certificate


def _parts(text: str) -> tuple[str, str]:
    """(certificate, key) of a file with both. Raises `ValueError` without a key."""
    if _KEY_BEGINS not in text:
        raise ValueError("it has no private key")
    key, _, certificate = text.partition("-----END PRIVATE KEY-----\n")
    return certificate, f"{key}-----END PRIVATE KEY-----\n"


def _put(file: Path, text: str, made: list[Path]) -> None:
    """Write a file unless it has this text already."""
    if file.exists() and file.read_text() == text:
        return
    write_secret(file, text)
    made.append(file)
