"""乙's routes for the terminal: admission, the record of each request, whole files and partial ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.duties.duty import RecordKind
from contracts.events import TerminalUserLocked
from contracts.http.payment_provider.receipt_files import ReceiptFileView, TerminalSession
from contracts.roles import Role
from services.chassis.access.users import with_password, write_users
from services.chassis.duties.register import Wanted
from services.chassis.web.certificates import certified
from services.payment_provider.app import Settings
from tests.component.driven import jst
from tests.component.driven_provider import NOON, DrivenProvider, slip
from tests.component.home import Home

CERTIFICATE, OTHER = b"the ward's terminal", b"another client"
FINGERPRINT = sha256(CERTIFICATE).hexdigest()
USER, PASSWORD = "ward-terminal", "correct horse"
SETTINGS = {"terminal_password": PASSWORD, "terminal_certificate_sha256": FINGERPRINT}
NAME = "SHUNO20210412.txt"


def line(
    driven: DrivenProvider, certificate: bytes | None = CERTIFICATE, user: str = USER, password: str = PASSWORD
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(certified(driven.terminal_http, certificate))
    return httpx.AsyncClient(transport=transport, base_url="https://centre", auth=(user, password))


@asynccontextmanager
async def with_a_file(folder: Path, **settings: object) -> AsyncIterator[tuple[DrivenProvider, httpx.AsyncClient]]:
    """A provider with one file, and a terminal that has logged in."""
    driven = await DrivenProvider.started(Home(folder), NOON, **{**SETTINGS, **settings})
    try:
        for n in range(1, 4):
            await driven.paid_by_bank(slip(n))
        await driven.advance(jst("2021-04-13T01:00"))
        async with line(driven) as terminal:
            terminal.headers["Terminal-Session"] = await logged_in(terminal)
            yield driven, terminal
    finally:
        await driven.service.abandon()


async def logged_in(terminal: httpx.AsyncClient) -> str:
    answer = await terminal.post("/login")
    assert answer.status_code == 201, answer.text
    return TerminalSession.model_validate_json(answer.content).session


async def listed(terminal: httpx.AsyncClient, **days: str) -> list[ReceiptFileView]:
    answer = await terminal.get("/receipt-files", params=days)
    assert answer.status_code == 200, answer.text
    return [ReceiptFileView.model_validate(row) for row in answer.json()]


async def recorded(driven: DrivenProvider) -> list[tuple[str, str, str, str]]:
    rows = reversed(await driven.service.queries.terminal_accesses(100))
    return [(r.terminal_user, r.certificate, r.what, r.outcome) for r in rows]


# ---- admission --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "outcome"),
    [
        ({"certificate": None}, "no_certificate"),
        ({"certificate": OTHER}, "other_certificate"),
        ({"user": "ward"}, "wrong_user_or_password"),
        ({"password": "wrong"}, "wrong_user_or_password"),
        ({"password": ""}, "wrong_user_or_password"),
    ],
    ids=str,
)
async def test_a_terminal_is_let_in_with_all_three_or_not_at_all(
    tmp_path: Path, shown: Mapping[str, Any], outcome: str
) -> None:
    async with with_a_file(tmp_path) as (driven, terminal), line(driven, **shown) as stranger:
        answers = [await stranger.post("/login")]
        stranger.headers["Terminal-Session"] = terminal.headers["Terminal-Session"]  # stolen from the right client
        answers += [await stranger.get("/receipt-files"), await stranger.get(f"/receipt-files/{NAME}")]
        assert [answer.status_code for answer in answers] == [401] * 3
        assert {answer.json()["code"] for answer in answers} == {"terminal_not_admitted"}
        whats = [(what, came_of_it) for _, _, what, came_of_it in (await recorded(driven))[1:]]
        assert whats == [("login", outcome), ("list", outcome), (f"file {NAME}", outcome)]


async def test_without_a_password_of_its_own_the_provider_lets_nobody_in(tmp_path: Path) -> None:
    driven = await DrivenProvider.started(Home(tmp_path))
    async with line(driven, password="") as terminal:
        assert (await terminal.post("/login")).status_code == 401
    await driven.service.abandon()


async def test_each_clerk_has_a_user_of_their_own(tmp_path: Path) -> None:
    users = tmp_path / "terminal.json"
    write_users(
        users, [with_password(name, [Role.COLLECTION_CLERK], f"password of {name}") for name in ("sato", "ito")]
    )
    driven = await DrivenProvider.started(Home(tmp_path), NOON, **SETTINGS, terminal_users_file=users)
    try:
        for name, password, status in (
            ("sato", "password of sato", 201),
            ("ito", "password of ito", 201),
            ("ito", "password of sato", 401),
            (USER, PASSWORD, 401),
        ):
            async with line(driven, user=name, password=password) as terminal:
                assert (await terminal.post("/login")).status_code == status
        write_users(users, [])
        async with line(driven, user="sato", password="password of sato") as terminal:
            assert (await terminal.post("/login")).status_code == 401
        outcomes = [(user, outcome) for user, _, _, outcome in await recorded(driven)]
        assert outcomes[:3] == [("sato", "admitted"), ("ito", "admitted"), ("ito", "wrong_user_or_password")]
    finally:
        await driven.service.abandon()


async def test_after_repeated_failures_a_user_is_locked_out_for_a_while(home: Home) -> None:
    driven = await DrivenProvider.started(home, NOON, **SETTINGS, login_failures=3)
    async with line(driven, password="wrong") as stranger, line(driven) as terminal, line(driven, user="x") as other:
        assert [(await stranger.post("/login")).status_code for _ in range(3)] == [401] * 3
        refused = await terminal.post("/login")
        assert (refused.status_code, refused.json()["code"]) == (401, "terminal_not_admitted")
        assert (await other.post("/login")).status_code == 401
        driven.clock.step_to(driven.clock.now() + timedelta(minutes=15, seconds=1))
        assert (await terminal.post("/login")).status_code == 201
    wrong, locked = (USER, "wrong_user_or_password"), (USER, "locked_out")
    outcomes = [(user, outcome) for user, _, _, outcome in await recorded(driven)]
    assert outcomes == [wrong, wrong, wrong, locked, ("x", "wrong_user_or_password"), (USER, "admitted")]
    await driven.settle()
    (told,) = await driven.published(TerminalUserLocked)
    assert (told.user, told.locked_at, told.failures) == (USER, NOON, 3)
    assert told.until - told.locked_at == timedelta(minutes=15)
    (registered,) = await driven.service.duty_records(Wanted(RecordKind.TERMINAL_USER_LOCKED))
    assert registered.record.record_id == told.lockout_id


@pytest.mark.parametrize(
    "sent", ["", "Basic", "Basic !!!", "Basic /w==", "Bearer x", f"Basic {'A' * 2_000}", "Basic AA=="]
)
async def test_credentials_that_cannot_be_read_are_recorded_as_well(tmp_path: Path, sent: str) -> None:
    async with with_a_file(tmp_path) as (driven, _):
        transport = httpx.ASGITransport(certified(driven.terminal_http, CERTIFICATE))
        async with httpx.AsyncClient(transport=transport, base_url="https://centre") as bare:
            answer = await bare.post("/login", headers={"Authorization": sent})
        assert (answer.status_code, answer.json()["code"]) == (401, "terminal_not_admitted")
        user, certificate, what, outcome = (await recorded(driven))[-1]
        assert (certificate, what, outcome) == (FINGERPRINT, "login", "wrong_user_or_password")
        assert user in ("", "-")


@pytest.mark.parametrize("session", ["", "x", "9999999999.", "1.0", "99999999999999999999.0", "²." + "0" * 64])
async def test_a_session_that_the_provider_did_not_open_is_none(tmp_path: Path, session: str) -> None:
    async with with_a_file(tmp_path) as (driven, terminal):
        terminal.headers["Terminal-Session"] = session.encode("utf-8").decode("latin-1")
        assert (await terminal.get("/receipt-files")).status_code == 401
        assert (await recorded(driven))[-1][2:] == ("list", "not_logged_in")


async def test_a_login_ends_after_the_minutes_agreed(tmp_path: Path) -> None:
    async with with_a_file(tmp_path, terminal_session_minutes=30) as (driven, terminal):
        driven.clock.step_to(driven.clock.now() + timedelta(minutes=30, seconds=-1))
        assert await listed(terminal)
        driven.clock.step_to(driven.clock.now() + timedelta(seconds=1))
        assert (await terminal.get("/receipt-files")).status_code == 401
        assert (await recorded(driven))[-1][2:] == ("list", "session_expired")
        terminal.headers["Terminal-Session"] = await logged_in(terminal)
        assert await listed(terminal)


async def test_every_request_is_recorded_with_user_and_certificate(tmp_path: Path) -> None:
    async with with_a_file(tmp_path) as (driven, terminal):
        await listed(terminal)
        await terminal.get(f"/receipt-files/{NAME}")
        await terminal.get("/receipt-files/SHUNO20210411.txt")
        identity = (USER, FINGERPRINT)
        assert await recorded(driven) == [
            (*identity, "login", "admitted"),
            (*identity, "list", "admitted"),
            (*identity, f"file {NAME}", "admitted"),
            (*identity, "file SHUNO20210411.txt", "admitted"),
            (*identity, "file SHUNO20210411.txt", "receipt_file_unknown"),
        ]


# ---- whole files and partial ones -------------------------------------------------------------------------


async def test_files_are_listed_by_their_days(tmp_path: Path) -> None:
    async with with_a_file(tmp_path) as (driven, terminal):
        await driven.advance(jst("2021-04-16T01:00"))
        terminal.headers["Terminal-Session"] = await logged_in(terminal)
        assert [f.name for f in await listed(terminal)] == [NAME, "SHUNO20210415.txt"]
        assert [f.name for f in await listed(terminal, **{"from": "2021-04-13"})] == ["SHUNO20210415.txt"]
        assert [f.name for f in await listed(terminal, to="2021-04-12")] == [NAME]
        assert await listed(terminal, **{"from": "2021-04-13", "to": "2021-04-14"}) == []


async def test_a_file_comes_whole_with_its_checksum_as_tag(tmp_path: Path) -> None:
    async with with_a_file(tmp_path) as (_, terminal):
        (file,) = await listed(terminal)
        answer = await terminal.get(f"/receipt-files/{NAME}")
        assert (answer.status_code, len(answer.content)) == (200, file.size)
        assert answer.headers["ETag"] == f'"{file.sha256}"' == f'"{sha256(answer.content).hexdigest()}"'
        assert answer.headers["Accept-Ranges"] == "bytes"
        same = await terminal.get(f"/receipt-files/{NAME}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=100-", 100, None),
        ("bytes=0-0", 0, 1),
        ("bytes=120-243", 120, 244),
        ("bytes=9-99999", 9, None),
    ],
)
async def test_the_rest_of_a_file_can_be_asked_for(tmp_path: Path, wanted: str, start: int, end: int | None) -> None:
    async with with_a_file(tmp_path) as (_, terminal):
        whole = (await terminal.get(f"/receipt-files/{NAME}")).content
        answer = await terminal.get(f"/receipt-files/{NAME}", headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.content == whole[start:end]
        last = (len(whole) if end is None else end) - 1
        assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{len(whole)}"


async def test_a_range_beyond_the_file_is_refused_and_one_of_another_content_gives_all(tmp_path: Path) -> None:
    async with with_a_file(tmp_path) as (_, terminal):
        (file,) = await listed(terminal)
        beyond = await terminal.get(f"/receipt-files/{NAME}", headers={"Range": f"bytes={file.size}-"})
        assert (beyond.status_code, beyond.json()["code"]) == (416, "receipt_file_range")
        other = {"Range": "bytes=100-", "If-Range": '"another"'}
        assert (await terminal.get(f"/receipt-files/{NAME}", headers=other)).status_code == 200
        same = {"Range": "bytes=100-", "If-Range": f'"{file.sha256}"'}
        assert (await terminal.get(f"/receipt-files/{NAME}", headers=same)).status_code == 206


async def test_a_file_that_is_not_there_or_no_longer_is_refused_by_name(tmp_path: Path) -> None:
    async with with_a_file(tmp_path, receipt_file_retention_days=1) as (driven, terminal):
        unknown = await terminal.get("/receipt-files/SHUNO20210411.txt")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "receipt_file_unknown")
        await driven.advance(jst("2021-04-14T01:00"))
        terminal.headers["Terminal-Session"] = await logged_in(terminal)
        deleted = await terminal.get(f"/receipt-files/{NAME}")
        assert (deleted.status_code, deleted.json()["code"]) == (410, "receipt_file_no_longer_kept")


async def test_the_ordinary_listener_has_no_receipt_files(tmp_path: Path) -> None:
    async with with_a_file(tmp_path) as (driven, _):
        transport = httpx.ASGITransport(driven.http)
        async with httpx.AsyncClient(transport=transport, base_url="http://provider") as anybody:
            assert (await anybody.get("/receipt-files")).status_code == 404
            assert len((await anybody.get("/terminal-accesses")).json()) == 1


@pytest.mark.parametrize(
    "missing", ["terminal_ca_file", "terminal_certificate_file", "terminal_key_file", "terminal_password"]
)
def test_a_listener_without_all_it_needs_cannot_be_set_up(missing: str, tmp_path: Path) -> None:
    given: dict[str, object] = {"terminal_port": 8443, "terminal_password": "secret"}
    for name in ("terminal_ca_file", "terminal_certificate_file", "terminal_key_file"):
        given[name] = tmp_path / name
        (tmp_path / name).touch()
    assert Settings.model_validate(given).terminal_port == 8443
    if missing != "terminal_password":
        (tmp_path / missing).unlink()
        with pytest.raises(ValueError, match=f"{missing}, which is no file"):
            Settings.model_validate(given)
    del given[missing]
    with pytest.raises(ValueError, match=rf"terminal_port needs {missing}.* too"):
        Settings.model_validate(given)
