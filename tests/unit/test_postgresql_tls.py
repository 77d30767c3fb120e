"""TLS towards PostgreSQL, as libpq's parameters of the URL say."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from services.chassis.database.postgresql_tls import tls_arguments, without_tls_parameters
from services.chassis.outages import Unusable
from services.console.deployment.certificates import make_certificates

URL = "postgresql://ward:secret@db:5432/ward"


@pytest.mark.parametrize(("mode", "checks_name", "verifies"), [("verify-full", True, 2), ("verify-ca", False, 2)])
def test_the_servers_certificate_is_checked(tmp_path: Path, mode: str, checks_name: bool, verifies: int) -> None:
    make_certificates(tmp_path)
    url = make_url(f"{URL}?sslmode={mode}&sslrootcert={tmp_path}/ward/ca.pem&sslcert={tmp_path}/ward/peer.pem&x=1")
    context = tls_arguments(url)["ssl"]
    assert (context.check_hostname, context.verify_mode) == (checks_name, verifies)
    assert without_tls_parameters(url).query == {"x": "1"}


def test_as_libpq_require_alone_encrypts_and_checks_nothing() -> None:
    context = tls_arguments(make_url(f"{URL}?sslmode=require"))["ssl"]
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)


@pytest.mark.parametrize(("query", "given"), [("", {}), ("?sslmode=disable", {"ssl": False})])
def test_without_tls(query: str, given: dict[str, object]) -> None:
    assert tls_arguments(make_url(URL + query)) == given


def test_an_authority_alone_means_the_full_check(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    context = tls_arguments(make_url(f"{URL}?sslrootcert={tmp_path}/ward/ca.pem"))["ssl"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=always", "there is no sslmode 'always'; there are disable, allow, prefer, require"),
        ("sslmode=verify-full&sslrootcert=/nowhere.pem", r"sslrootcert=/nowhere.pem cannot be used"),
    ],
)
def test_what_cannot_be_used_is_said(query: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        tls_arguments(make_url(f"{URL}?{query}"))
