"""The authority of a stack: a certificate for each principal and purpose, renewed before it ends."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.parties import PARTIES
from services.chassis.machine_time import real_now
from services.console.deployment.authority import LIFETIME, Authority, Purpose, known, revoked_serials
from services.console.deployment.certificates import (
    AUTHORITY,
    WANTED,
    NoAuthority,
    authority_of,
    held,
    make_certificates,
    renew,
)


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.pem")}


def test_each_owner_has_its_certificates_and_the_authority_its_key_alone(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    there = contents(tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in made} == set(there)
    assert {file.stat().st_mode & 0o777 for file in made} == {0o440}
    of_authority = there[f"{AUTHORITY}/authority.pem"].partition("-----BEGIN CERTIFICATE")[0]
    assert [name for name, text in there.items() if of_authority in text] == [f"{AUTHORITY}/authority.pem"]
    for wanted in WANTED:
        about = known(there[f"{wanted.owner}/{wanted.file}"])
        assert (about.name, about.purpose, about.hosts) == (wanted.name, wanted.purpose, wanted.hosts)
        assert about.not_after - real_now() > LIFETIME - timedelta(minutes=1)
    keys = [text.partition("-----BEGIN CERTIFICATE")[0] for name, text in there.items() if "ca.pem" not in name]
    assert len(set(keys)) == len(keys)


def test_what_lasts_stays_and_what_ends_soon_is_renewed(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    before = contents(tmp_path)
    assert make_certificates(tmp_path) == []

    old = authority_of(tmp_path).issue("ward", Purpose.PEER, lifetime=timedelta(days=20))
    (tmp_path / "ward" / "peer.pem").chmod(0o600)
    (tmp_path / "ward" / "peer.pem").write_text(old.key + old.certificate)
    (tmp_path / "kafka" / "server.pem").unlink()

    assert make_certificates(tmp_path) == [tmp_path / "ward" / "peer.pem", tmp_path / "kafka" / "server.pem"]
    changed = {name for name, text in contents(tmp_path).items() if before[name] != text}
    assert changed == {"ward/peer.pem", "kafka/server.pem"}


def test_a_new_authority_issues_everything_anew(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    (tmp_path / AUTHORITY / "authority.pem").unlink()
    before = contents(tmp_path)
    make_certificates(tmp_path)
    after = contents(tmp_path)
    assert [name for name, text in before.items() if after[name] == text] == []


def test_renewing_replaces_certificate_and_key_and_keeps_what_it_is_for(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    before = {str(one.file): one.about for one in held(tmp_path)}
    assert renew(tmp_path, ["ward"]) == [tmp_path / "ward" / "peer.pem", tmp_path / "ward" / "server.pem"]
    after = {str(one.file): one.about for one in held(tmp_path)}
    changed = {name for name in after if after[name].serial != before[name].serial}
    assert changed == {str(tmp_path / "ward" / name) for name in ("peer.pem", "server.pem")}
    assert all((after[n].name, after[n].hosts) == (before[n].name, before[n].hosts) for n in changed)
    assert len(renew(tmp_path)) == len(WANTED)


def test_what_cannot_be_renewed_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoAuthority, match=r"authority.pem is missing"):
        renew(tmp_path)
    make_certificates(tmp_path)
    with pytest.raises(LookupError, match=r"no certificate is for nobody; there are: card-agent-jcb-database"):
        renew(tmp_path, ["nobody"])
    broken = tmp_path / AUTHORITY / "authority.pem"
    broken.chmod(0o600)
    broken.write_text("nothing")
    with pytest.raises(NoAuthority, match="cannot be used"):
        make_certificates(tmp_path)


@pytest.mark.parametrize("party", PARTIES)
def test_certificates_stand_openssls_strict_check(tmp_path: Path, party: str) -> None:
    """Handshakes in memory: as a server for its name, as a caller, and neither in the other's place."""
    make_certificates(tmp_path)
    mine, console = tmp_path / party, tmp_path / "console"
    assert _shaken(mine / "server.pem", console / "peer.pem", mine / "ca.pem") == ""
    assert "purpose" in _shaken(mine / "server.pem", console / "server.pem", mine / "ca.pem")
    assert "purpose" in _shaken(mine / "peer.pem", console / "peer.pem", mine / "ca.pem")


def _shaken(server: Path, client: Path, ca: Path) -> str:
    """Why the handshake fails; empty if it does not."""
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    ours.verify_mode = ssl.CERT_REQUIRED
    theirs = ssl.create_default_context(cafile=ca)
    for context, file in ((ours, server), (theirs, client)):
        context.load_cert_chain(file)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [ours.wrap_bio(up, down, server_side=True), theirs.wrap_bio(down, up, server_hostname="localhost")]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as failed:
                return str(failed)
    return ""


def test_revoked_certificates_are_listed_by_their_serials() -> None:
    authority, _ = Authority.made("one")
    serials = [known(authority.issue(name, Purpose.TERMINAL).certificate).serial for name in ("a", "b")]
    assert revoked_serials(authority.revoked(serials)) == serials
    assert revoked_serials(authority.revoked([])) == []
