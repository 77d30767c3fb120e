"""HTTP over TLS between named peers: listener, client and gateway, with certificates that are renewed meanwhile."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from contracts.topics import CONSOLE, WARD
from services.chassis.settings import ServiceSettings
from services.chassis.web.peers import own_listener
from services.console.deployment.certificates import make_certificates, renew
from services.console.deployment.gateway import serve
from services.console.stack.addresses import Addresses
from services.console.stack.calling import UnusableCertificates, ask_replica, client_of
from services.console.stack.clients import StackClient
from testbed.processes import eventually, free_port_base, is_free

PEERS = "console,gateway"


@dataclass
class Line:
    """A ward that answers over TLS, and the folder of everybody's certificates."""

    port_base: int
    folder: Path

    def addresses(self, caller: str) -> Addresses:
        own = self.folder / caller
        return Addresses(self.port_base, {WARD: "localhost"}, files=(str(own / "ca.pem"), str(own / "peer.pem"), ""))

    async def status(self, caller: str) -> int:
        async with client_of(self.addresses(caller)) as http:
            return (await http.get(self.addresses(caller).url(WARD))).status_code

    def serial_shown(self) -> str:
        return ssl.get_server_certificate(("localhost", self.addresses(CONSOLE).port(WARD)))


async def _listens(port: int) -> bool:
    return not is_free(port)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    make_certificates(tmp_path)
    line = Line(free_port_base(), tmp_path)
    settings = ServiceSettings(
        port=line.addresses(CONSOLE).port(WARD),
        http_ca_file=tmp_path / WARD / "ca.pem",
        http_certificate_file=tmp_path / WARD / "server.pem",
        http_peers=PEERS,
    )
    app = FastAPI()

    @app.get("/")
    async def answer() -> str:
        return "here"

    stopping = asyncio.Event()
    serving = asyncio.create_task(own_listener(settings, WARD, app).serve(stopping))
    await eventually(partial(_listens, settings.port), "the listener")
    yield line
    stopping.set()
    await serving


@pytest.mark.parametrize(("caller", "status"), [(CONSOLE, 200), ("gateway", 200), (WARD, 200), ("load_test", 403)])
async def test_named_peers_are_admitted(line: Line, caller: str, status: int) -> None:
    assert await line.status(caller) == status


async def test_a_replica_is_asked_by_its_address_and_known_by_its_name(line: Line) -> None:
    addresses = line.addresses(CONSOLE)
    (place,) = await addresses.each(WARD)
    async with client_of(addresses) as http:
        assert place.startswith("127.0.0.1:")
        assert (await ask_replica(http, addresses, WARD, f"{place}/", 5.0)).status_code == 200


async def test_no_answer_without_a_certificate_or_from_another_server(line: Line, tmp_path: Path) -> None:
    url = line.addresses(CONSOLE).url(WARD)
    context = ssl.create_default_context(cafile=line.folder / WARD / "ca.pem")
    async with httpx.AsyncClient(verify=context) as bare:
        with pytest.raises(httpx.TransportError):
            await bare.get(url)
    make_certificates(tmp_path / "another")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        async with client_of(Line(line.port_base, tmp_path / "another").addresses(CONSOLE)) as deceived:
            await deceived.get(url)


async def test_a_renewed_certificate_is_shown_and_sent_without_a_restart(line: Line) -> None:
    addresses, before = line.addresses(CONSOLE), await asyncio.to_thread(line.serial_shown)
    async with client_of(addresses) as http:
        assert (await http.get(addresses.url(WARD))).status_code == 200
        renew(line.folder, [WARD, CONSOLE])

        async def is_renewed() -> bool:
            return await asyncio.to_thread(line.serial_shown) != before

        await eventually(is_renewed, "the renewed certificate")
        assert (await http.get(addresses.url(WARD), headers={"Connection": "close"})).status_code == 200


async def test_the_gateway_calls_over_tls_and_takes_plain_http(line: Line) -> None:
    stopping, entry = asyncio.Event(), line.port_base + 7
    serving = asyncio.create_task(serve("127.0.0.1", {entry: WARD}, line.addresses("gateway"), stopping))
    await eventually(partial(_listens, entry), "the gateway")
    try:
        async with httpx.AsyncClient() as plain:
            answers = [await plain.get(f"http://127.0.0.1:{entry}/") for _ in range(3)]
        assert [answer.json() for answer in answers] == ["here"] * 3
    finally:
        stopping.set()
        await serving


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    missing = (str(tmp_path / "ca.pem"), str(tmp_path / "peer.pem"), "")
    with pytest.raises(UnusableCertificates, match=r"SANSHA_STACK_CA_FILE, SANSHA_STACK_CERTIFICATE_FILE: the cert"):
        StackClient(Addresses(hosts={WARD: "ward"}, files=missing))
    with pytest.raises(ValueError, match="go together"):
        ServiceSettings(http_ca_file=tmp_path)
