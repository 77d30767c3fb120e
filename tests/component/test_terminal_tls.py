"""The terminal's line for real: TLS over a socket, client certificates, a transfer that is cut and resumed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.vocabulary import on_the_clock
from services.chassis.machine_time import real_now
from services.chassis.outages import Unusable
from services.chassis.web.certificates import TERMINAL_PURPOSE
from services.console.deployment.authority import Authority, Issued, Purpose, known
from services.console.deployment.certificates import authority_of, one_file
from services.console.deployment.secret_files import write_secret
from services.console.deployment.terminal_folder import certify, make_terminal_folder, revoke
from services.console.duties.checks.terminal import Door, knock
from services.payment_provider.domain.terminal_access import Admission
from services.payment_provider.terminal_certificates import certificate_fault
from services.payment_provider.terminal_routes import terminal_listeners
from services.ward.terminal import CutOff, NotAdmitted, Terminal, TerminalKeys
from testbed.processes import eventually
from tests.component.driven import jst
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.driven_ward import DrivenWard
from tests.component.home import Home

USER, PASSWORD = "ward-terminal", "correct horse"
MORNING = jst("2021-04-13T09:30")


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

    @property
    def authority(self) -> Authority:
        return authority_of(self.folder)

    def keys_of(self, issued: Issued, name: str = "other") -> TerminalKeys:
        own = self.folder / f"{name}.pem"
        own.write_text(one_file(issued))
        return TerminalKeys(self.keys.url, USER, PASSWORD, self.keys.ca_file, own, own)

    def pin(self, issued: Issued) -> None:
        """Pin another certificate to the user."""
        file = self.folder / "pins.json"
        pins = json.loads(file.read_text())
        pins[USER].append({"sha256": known(issued.certificate).sha256})
        write_secret(file, json.dumps(pins))

    async def latest(self) -> tuple[str, str, str]:
        """(user, outcome, certificate) of the latest recorded request."""
        access, *_ = await self.provider.service.queries.terminal_accesses(1)
        return access.terminal_user, access.outcome, access.certificate

    def terminal(self, centre: httpx.AsyncClient) -> Terminal:
        return Terminal(centre, self.ward.service.desk, self.folder / "copies", USER, self.ward.service.opener)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    folder, port = tmp_path / "keys", free_port()
    own = make_terminal_folder(folder, USER, "localhost")
    settings: dict[str, Any] = {
        "terminal_port": port,
        "terminal_ca_file": folder / "ca.pem",
        "terminal_certificate_file": folder / "centre.pem",
        "terminal_key_file": folder / "centre.pem",
        "terminal_pins_file": folder / "pins.json",
        "terminal_revoked_file": folder / "revoked.pem",
        "terminal_purpose": TERMINAL_PURPOSE,
        "terminal_password": PASSWORD,
    }
    provider = await DrivenProvider.started(Home(tmp_path), **settings)
    for n in range(1, 4):
        await provider.paid_by_bank(slip(n))
    await provider.advance(MORNING)
    ward = await DrivenWard.started(at=MORNING, lgwan_from="2021-04-01")
    keys = TerminalKeys(f"https://localhost:{port}", USER, PASSWORD, folder / "ca.pem", own, own)
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
    yield Line(provider, ward, keys, folder)
    stopping.set()
    await serving
    await provider.service.abandon()
    await ward.service.abandon()


async def outcomes(line: Line, centre: httpx.AsyncClient) -> list[tuple[str, int, int]]:
    return [(one.outcome, one.records, one.new) for one in await line.terminal(centre).pull()]


async def test_an_inspector_who_knocks_without_a_certificate_is_refused(line: Line, tmp_path: Path) -> None:
    door = Door(line.keys.url, line.keys.ca_file)
    assert await knock(door) == ""
    assert await knock(None) is None
    assert await knock(door._replace(url=f"https://localhost:{free_port()}")) is None, "nobody is there to refuse"
    make_terminal_folder(tmp_path / "others", USER, "localhost")
    stranger = Door(line.keys.url, tmp_path / "others" / "ca.pem")
    assert await knock(stranger) is None, "it was the inspector who refused"


async def test_a_terminal_with_certificate_and_password_fetches_and_registers(line: Line) -> None:
    async with line.keys.client() as centre:
        assert await outcomes(line, centre) == [("receipt_file_on_the_line", 0, 0)]
        line.ward.clock.step_to(on_the_clock(MORNING.date(), MORNING.time().replace(minute=31)))
        assert await outcomes(line, centre) == [("registered", 3, 3)]
        assert await outcomes(line, centre) == []
    access, *_ = await line.provider.service.queries.terminal_accesses(1)
    assert access.certificate == known(line.keys.certificate_file.read_text()).sha256


async def test_without_a_certificate_of_the_authority_there_is_no_connection(line: Line) -> None:
    another, _ = Authority.made("another")
    async with line.keys_of(another.issue(USER, Purpose.TERMINAL)).client() as stranger:
        with pytest.raises(CutOff):
            await line.terminal(stranger).pull()
    await eventually(lambda: recorded(line, Admission.UNKNOWN_AUTHORITY), "the record of it")
    context = ssl.create_default_context(cafile=line.keys.ca_file)
    async with httpx.AsyncClient(base_url=line.keys.url, verify=context, auth=(USER, PASSWORD)) as bare:
        with pytest.raises(httpx.TransportError):
            await bare.post("/login")
    await eventually(lambda: recorded(line, Admission.NO_CERTIFICATE), "the record of it")


async def recorded(line: Line, outcome: Admission) -> bool:
    """Whether a connection was refused for this, with its address and without a user."""
    found = await line.provider.service.queries.terminal_accesses(1)
    return [(a.terminal_user, a.what, a.outcome) for a in found] == [("-", "connection from 127.0.0.1", outcome)]


@pytest.mark.parametrize(
    ("purpose", "begins", "lifetime", "outcome"),
    [
        (Purpose.TERMINAL, None, -timedelta(minutes=1), Admission.CERTIFICATE_EXPIRED),
        (Purpose.TERMINAL, timedelta(days=1), timedelta(days=9), Admission.CERTIFICATE_NOT_YET_VALID),
        (Purpose.SERVER, None, timedelta(days=9), Admission.CERTIFICATE_OF_ANOTHER_PURPOSE),
    ],
)
async def test_a_certificate_that_tls_refuses_is_recorded_with_the_reason(
    line: Line, purpose: Purpose, begins: timedelta | None, lifetime: timedelta, outcome: Admission
) -> None:
    since = None if begins is None else real_now() + begins
    issued = line.authority.issue(USER, purpose, lifetime=lifetime, begins=since)
    line.pin(issued)
    async with line.keys_of(issued).client() as centre:
        with pytest.raises(CutOff):
            await line.terminal(centre).pull()
    await eventually(lambda: recorded(line, outcome), "the record of it")


async def test_the_centres_own_certificate_is_no_terminals(line: Line) -> None:
    own = line.folder / "centre.pem"
    async with TerminalKeys(line.keys.url, USER, PASSWORD, line.keys.ca_file, own, own).client() as centre:
        with pytest.raises(CutOff):
            await line.terminal(centre).pull()
    await eventually(lambda: recorded(line, Admission.CERTIFICATE_OF_ANOTHER_PURPOSE), "the record of it")


@pytest.mark.parametrize(
    ("purpose", "pinned", "outcome"),
    [
        (Purpose.PEER, True, Admission.CERTIFICATE_OF_ANOTHER_PURPOSE),
        (Purpose.TERMINAL, False, Admission.OTHER_CERTIFICATE),
    ],
)
async def test_a_certificate_for_another_purpose_or_of_another_user_is_refused_and_recorded(
    line: Line, purpose: Purpose, pinned: bool, outcome: Admission
) -> None:
    issued = line.authority.issue(USER, purpose)
    if pinned:
        line.pin(issued)
    async with line.keys_of(issued).client() as centre:
        with pytest.raises(NotAdmitted, match="terminal_not_admitted"):
            await line.terminal(centre).pull()
    assert await line.latest() == (USER, outcome, known(issued.certificate).sha256)


async def test_a_revoked_certificate_is_refused_from_the_next_request_on_and_a_new_one_admitted(line: Line) -> None:
    former = known(line.keys.certificate_file.read_text()).sha256
    async with line.keys.client() as centre:
        session = (await centre.post("/login")).json()["session"]
        assert revoke(line.folder, USER) == 1
        assert (await centre.get("/receipt-files", headers={"Terminal-Session": session})).status_code == 401
    assert await line.latest() == (USER, Admission.CERTIFICATE_REVOKED, former)
    certify(line.folder, USER)
    async with line.keys.client() as centre:
        assert (await centre.post("/login")).status_code == 201


async def test_a_renewed_certificate_and_the_one_before_are_both_admitted(line: Line) -> None:
    async with line.keys.client() as former:
        own = certify(line.folder, USER)
        async with TerminalKeys(line.keys.url, USER, PASSWORD, line.keys.ca_file, own, own).client() as renewed:
            assert [(await one.post("/login")).status_code for one in (former, renewed)] == [201, 201]


async def test_a_list_that_is_damaged_or_of_another_authority_changes_nothing(line: Line) -> None:
    another, _ = Authority.made("another")
    for text in ("no list", another.revoked([known(line.keys.certificate_file.read_text()).serial])):
        write_secret(line.folder / "revoked.pem", text)
        write_secret(line.folder / "pins.json", "no pins")
        async with line.keys.client() as centre:
            assert (await centre.post("/login")).status_code == 201


@pytest.mark.parametrize("file", ["terminal_pins_file", "terminal_revoked_file"])
def test_a_centre_does_not_start_without_its_lists(tmp_path: Path, file: str) -> None:
    make_terminal_folder(tmp_path / "keys", USER, "localhost")
    lists: dict[str, Path | None] = {"terminal_pins_file": None, "terminal_revoked_file": None, file: tmp_path / "none"}
    ca = tmp_path / "keys" / "ca.pem"
    with pytest.raises(Unusable, match=r"none cannot be used"):
        certificate_fault(ca, "", lists["terminal_revoked_file"], lists["terminal_pins_file"])


async def test_the_centre_must_show_a_certificate_of_the_authority_too(line: Line, tmp_path: Path) -> None:
    another, _ = Authority.made("another")
    (tmp_path / "other-ca.pem").write_text(another.pem)
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
    second = line.authority.issue(USER, Purpose.TERMINAL)
    line.pin(second)
    async with line.keys.client() as centre, line.keys_of(second).client() as other:
        session = (await centre.post("/login")).json()["session"]
        answer = await other.get("/receipt-files", headers={"Terminal-Session": session})
        assert answer.status_code == 401
    access, *_ = await line.provider.service.queries.terminal_accesses(1)
    assert access.outcome == "not_logged_in"
