"""Registers over HTTP: who may enter, who may read, and that each read is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.roles import Role
from services.chassis.access.users import with_key, write_users
from services.chassis.service import Service
from tests.component.home import Home
from tests.component.test_access_roles import bearer, served

OFFICER, AUDITOR, CLERK = (bearer(key * 32) for key in "oac")
TRAINING = {"taught": "条例と特記事項", "attendees": 9}
HANDLERS = {"handlers": [{"name": "佐藤 恵子", "role": "responsible", "task": "総括"}]}
INCIDENT = {"incident_kind": "leak", "noticed_at": "2021-04-01T00:00:00Z", "what": "誤送付", "persons": 3}
REPORT = {"report": [{"heading": "原因", "text": "取違え"}]}


@pytest.fixture
async def agent(home: Home, tmp_path: Path) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    people = [
        with_key("officer", [Role.PRIVACY_OFFICER], "記録簿の管理", "o" * 32)[0],
        with_key("auditor", [Role.AUDITOR], "監査", "a" * 32)[0],
        with_key("clerk", [Role.COLLECTION_CLERK], "収納", "c" * 32)[0],
    ]
    write_users(tmp_path / "users.json", people)
    async with served("card_agent", await home.url("card_agent"), tmp_path / "users.json") as party:
        yield party


async def entered(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=OFFICER)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_an_officer_enters_what_an_auditor_reads(agent: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = agent
    await entered(client, "/duties/handlers", HANDLERS)
    await entered(client, "/duties/trainings", TRAINING)
    incident = await entered(client, "/duties/incidents", INCIDENT)
    report = await entered(client, f"/duties/incidents/{incident['record_id']}/report", REPORT)
    assert report["answers"] == incident["record_id"]
    read = (await client.get("/duties/records", headers=AUDITOR)).json()
    assert sorted(record["kind"] for record in read) == [
        "handlers_named",
        "incident_notified",
        "incident_reported",
        "training_held",
    ]
    some = await client.get("/duties/records", params={"kind": "training_held"}, headers=AUDITOR)
    assert [record["content"]["attendees"] for record in some.json()] == [9]


@pytest.mark.parametrize("caller", [AUDITOR, CLERK], ids=["auditor", "clerk"])
async def test_nobody_else_enters(agent: tuple[Service, httpx.AsyncClient], caller: dict[str, str]) -> None:
    _, client = agent
    refused = await client.post("/duties/trainings", json=TRAINING, headers=caller)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert (await client.get("/duties/records", headers=CLERK)).status_code == 403


async def test_each_read_is_recorded_as_one_of_staff(agent: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = agent
    named = await entered(client, "/duties/handlers", HANDLERS)
    await client.get("/duties/records", headers=AUDITOR)
    paper = await client.get(f"/duties/records/handlers_named/{named['record_id']}/pdf", headers=OFFICER)
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.content.startswith(b"%PDF-")
    log = (await client.get("/ops/access-log", headers=OFFICER)).json()
    assert [(entry["user"], entry["what"], entry["whose"]) for entry in log] == [
        ("auditor", "GET /duties/records", ["staff"]),
        ("officer", "GET /duties/records/{kind}/{record_id:path}/pdf", ["staff"]),
    ]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/duties/records/training_held/none/pdf", 404, "duty_record_unknown"),
        ("/duties/records/erasure_due/none/pdf", 404, "duty_record_unknown"),
        ("/duties/records/no_kind/none/pdf", 422, "invalid_request"),
    ],
)
async def test_a_letter_that_there_is_not_is_named(
    agent: tuple[Service, httpx.AsyncClient], path: str, status: int, code: str
) -> None:
    _, client = agent
    answer = await client.get(path, headers=OFFICER)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/duties/handlers", {"handlers": []}, 422, "invalid_request"),
        ("/duties/handlers", {"handlers": HANDLERS["handlers"] * 2}, 422, "one_responsible_person"),
        ("/duties/trainings", {"taught": "", "attendees": 1}, 422, "invalid_request"),
        ("/duties/trainings", {"taught": "two\nlines", "attendees": 1}, 422, "invalid_request"),
        ("/duties/trainings", {"taught": "条例", "attendees": True}, 422, "invalid_request"),
        ("/duties/incidents", {**INCIDENT, "noticed_at": "2098-01-01T00:00:00Z"}, 422, "noticed_in_future"),
        ("/duties/incidents/none/report", REPORT, 404, "duty_record_unknown"),
        ("/duties/incidents/%00/report", REPORT, 400, "url_not_text"),
        ("/duties/status-requests/none/report", None, 404, "duty_record_unknown"),
        ("/duties/claims/none/payment", None, 404, "duty_record_unknown"),
    ],
)
async def test_what_cannot_be_entered_is_refused_with_its_reason(
    agent: tuple[Service, httpx.AsyncClient], path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    service, client = agent
    answer = await client.post(path, json=body, headers=OFFICER)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/duties/records", headers=AUDITOR)).json() == []
    assert await service.obstacles() == []


async def test_the_same_entry_sent_again_is_one(agent: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = agent
    headers = {**OFFICER, "Idempotency-Key": "k1"}
    one, other = [(await client.post("/duties/trainings", json=TRAINING, headers=headers)).json() for _ in range(2)]
    assert one == other
    assert len((await client.get("/duties/records", headers=AUDITOR)).json()) == 1
