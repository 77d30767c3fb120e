"""The terminal's line for real: TLS over a socket, client certificates, a transfer that is cut and resumed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from trustme import CA

from contracts.vocabulary import on_the_clock
from services.payment_provider.terminal_routes import terminal_listeners
from services.ward.terminal import CutOff, NotAdmitted, Terminal, TerminalKeys
from testbed.processes import eventually
from tests.component.driven import jst
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.driven_ward import DrivenWard
from tests.component.home import Home

USER, PASSWORD = "ward-terminal", "correct horse"
MORNING = jst("2021-04-13T09:30")


def issued(authority: CA, folder: Path, name: str, host: str) -> tuple[Path, Path]:
    """(certificate, key)"""
    made = authority.issue_cert(host)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    made.cert_chain_pems[0].write_to_path(str(certificate))
    made.private_key_pem.write_to_path(str(key))
    return certificate, key


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Line:
    """A provider whose terminal listener runs, a ward, and what a terminal needs."""

    provider: DrivenProvider
    ward: DrivenWard
    keys: TerminalKeys
    folder: Path
    authority: CA

    def keys_of(self, authority: CA, name: str = "other") -> TerminalKeys:
        certificate, key = issued(authority, self.folder, name, f"{name}.invalid")
        return TerminalKeys(self.keys.url, USER, PASSWORD, self.keys.ca_file, certificate, key)

    def terminal(self, centre: httpx.AsyncClient) -> Terminal:
        return Terminal(centre, self.ward.service.desk, self.folder / "copies", USER, self.ward.service.opener)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    authority, port = CA(), free_port()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate, key = issued(authority, tmp_path, "centre", "localhost")
    settings: dict[str, Any] = {
        "terminal_port": port,
        "terminal_ca_file": tmp_path / "ca.pem",
        "terminal_certificate_file": certificate,
        "terminal_key_file": key,
        "terminal_password": PASSWORD,
    }
    provider = await DrivenProvider.started(Home(tmp_path), **settings)
    for n in range(1, 4):
        await provider.paid_by_bank(slip(n))
    await provider.advance(MORNING)
    ward = await DrivenWard.started(at=MORNING, lgwan_from="2021-04-01")
    own = issued(authority, tmp_path, "terminal", "ward-terminal.invalid")
    keys = TerminalKeys(f"https://localhost:{port}", USER, PASSWORD, tmp_path / "ca.pem", *own)
    stopping = asyncio.Event()
    (listener,) = terminal_listeners(provider.service)
    serving = asyncio.create_task(listener.serve(stopping))

    async def listens() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    await eventually(listens, "the terminal's listener")
    yield Line(provider, ward, keys, tmp_path, authority)
    stopping.set()
    await serving
    await provider.service.abandon()
    await ward.service.abandon()


async def outcomes(line: Line, centre: httpx.AsyncClient) -> list[tuple[str, int, int]]:
    return [(one.outcome, one.records, one.new) for one in await line.terminal(centre).pull()]


async def test_a_terminal_with_certificate_and_password_fetches_and_registers(line: Line) -> None:
    async with line.keys.client() as centre:
        assert await outcomes(line, centre) == [("receipt_file_on_the_line", 0, 0)]
        line.ward.clock.step_to(on_the_clock(MORNING.date(), MORNING.time().replace(minute=31)))
        assert await outcomes(line, centre) == [("registered", 3, 3)]
        assert await outcomes(line, centre) == []
    access, *_ = await line.provider.service.queries.terminal_accesses(1)
    der = ssl.PEM_cert_to_DER_cert(line.keys.certificate_file.read_text())
    assert access.certificate == sha256(der).hexdigest()


async def test_without_a_certificate_of_the_authority_there_is_no_connection(line: Line) -> None:
    async with line.keys_of(CA()).client() as stranger:
        with pytest.raises(CutOff):
            await line.terminal(stranger).pull()
    context = ssl.create_default_context(cafile=line.keys.ca_file)
    async with httpx.AsyncClient(base_url=line.keys.url, verify=context, auth=(USER, PASSWORD)) as bare:
        with pytest.raises(httpx.TransportError):
            await bare.post("/login")
    assert await line.provider.service.queries.terminal_accesses(10) == []


async def test_the_centre_must_show_a_certificate_of_the_authority_too(line: Line, tmp_path: Path) -> None:
    CA().cert_pem.write_to_path(str(tmp_path / "other-ca.pem"))
    keys = line.keys
    deceived = TerminalKeys(keys.url, USER, PASSWORD, tmp_path / "other-ca.pem", keys.certificate_file, keys.key_file)
    async with deceived.client() as centre:
        with pytest.raises(CutOff):
            await line.terminal(centre).pull()


async def test_a_wrong_secret_is_not_admitted_whatever_the_certificate(line: Line) -> None:
    keys = line.keys
    wrong = TerminalKeys(keys.url, USER, "wrong", keys.ca_file, keys.certificate_file, keys.key_file)
    async with wrong.client() as centre:
        with pytest.raises(NotAdmitted, match="terminal_not_admitted"):
            await line.terminal(centre).pull()
    (step,) = await line.ward.service.queries.terminal_steps(10)
    assert (step.step, step.detail.partition(":")[0]) == ("not_logged_in", "terminal_not_admitted")
    assert "password" not in repr(wrong)


async def test_the_login_of_one_certificate_is_none_for_another(line: Line) -> None:
    async with line.keys.client() as centre, line.keys_of(line.authority).client() as other:
        session = (await centre.post("/login")).json()["session"]
        answer = await other.get("/receipt-files", headers={"Terminal-Session": session})
        assert answer.status_code == 401
    access, *_ = await line.provider.service.queries.terminal_accesses(1)
    assert access.outcome == "not_logged_in"
