"""A file of TLS that cannot be used is named, with what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from trustme import CA

from services.chassis.web.tls import Tls, UnusableTls


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    authority = CA()
    made = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "own.pem"))
    made.private_key_pem.write_to_path(str(tmp_path / "own.key"))
    return Tls(tmp_path / "ca.pem", tmp_path / "own.pem", tmp_path / "own.key")


@pytest.mark.parametrize("make", [Tls.context, Tls.client_context], ids=["listener", "caller"])
@pytest.mark.parametrize("file", ["ca.pem", "own.pem", "own.key"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "in PEM"), (b"-----BEGIN nonsense", "in PEM")],
    ids=["missing", "empty", "no PEM"],
)
def test_a_file_that_cannot_be_used_is_named(
    tls: Tls, tmp_path: Path, make: Callable[[Tls], object], file: str, content: bytes | None, said: str
) -> None:
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    named = "own.pem" if file == "own.key" and content is not None else file  # they are read as a pair
    with pytest.raises(UnusableTls, match=said) as wrong:
        make(tls)
    assert str(tmp_path / named) in str(wrong.value)


def test_a_key_of_another_certificate_is_refused(tls: Tls, tmp_path: Path) -> None:
    CA().issue_cert("localhost").private_key_pem.write_to_path(str(tmp_path / "own.key"))
    with pytest.raises(UnusableTls, match="the key that belongs to it"):
        tls.context()
