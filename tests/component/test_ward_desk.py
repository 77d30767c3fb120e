"""甲's interface for its terminal: transfers, pages and steps, as use cases and over HTTP; what the line permits."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import httpx

from contracts.http.ward.terminal import CompletionRequest, PageRequest
from contracts.vocabulary import JST, on_the_clock
from tests.component.driven import accepted, refused
from tests.component.driven_terminal import DAY, FIRST, MORNING, SECOND, USER, item, record, scene, transfer
from tests.component.driven_ward import receipt
from tests.component.home import Home


async def test_a_page_is_registered_once_and_answered_alike(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        ward = s.ward.service
        accepted(await ward.commands.begin_transfer(transfer()))
        s.ward.clock.step_to(s.ward.clock.now() + timedelta(minutes=1))
        page = PageRequest(name="A.txt", page=1, records=(item(FIRST, s.slips[0]), item(SECOND, s.slips[1])))
        first = accepted(await ward.commands.register_page(page))
        assert (first.new, first.known) == (2, 0)
        assert accepted(await ward.commands.register_page(page)) == first
        done = CompletionRequest(name="A.txt", day=DAY, records=3, amount=30_000, terminal_user=USER)
        missing = refused(await ward.commands.complete_transfer(done))
        assert missing.code == "receipt_file_incomplete"
        assert "3 records of ¥30,000; registered are 2 of ¥20,000" in missing.detail
        whole = done.model_copy(update={"records": 2, "amount": 20_000})
        for _ in range(2):
            accepted(await ward.commands.complete_transfer(whole))
        assert (await s.steps()).count("registered") == 1


async def test_what_was_not_begun_or_is_still_on_the_line_is_not_registered(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        ward = s.ward.service
        page = PageRequest(name="A.txt", page=1, records=(item(FIRST, s.slips[0]),))
        assert refused(await ward.commands.register_page(page)).code == "receipt_file_unknown"
        accepted(await ward.commands.begin_transfer(transfer(size=16_000)))
        on_the_line = refused(await ward.commands.register_page(page))
        assert on_the_line.code == "receipt_file_on_the_line"
        s.ward.clock.step_to(MORNING + timedelta(seconds=2, microseconds=-1))
        assert refused(await ward.commands.register_page(page)).code == "receipt_file_on_the_line"
        s.ward.clock.step_to(MORNING + timedelta(seconds=2))
        assert accepted(await ward.commands.register_page(page)).new == 1


async def test_the_line_carries_one_file_after_the_other(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        one = accepted(await s.ward.service.commands.begin_transfer(transfer("A.txt", 80_000)))
        other = accepted(await s.ward.service.commands.begin_transfer(transfer("B.txt", 80_000, "1" * 64)))
        assert (one.arrives_at, other.arrives_at) == (MORNING + timedelta(seconds=10), MORNING + timedelta(seconds=20))


async def test_a_closed_line_says_when_it_opens(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path, at=on_the_clock(DAY, time(17))) as s:
        closed = refused(await s.ward.service.commands.begin_transfer(transfer()))
        assert closed.code == "line_closed"
        opens = on_the_clock(DAY + timedelta(days=1), time(9))
        assert opens.isoformat() in closed.remedy
        assert s.ward.service.queries.line().is_open is False


async def test_events_change_nothing_where_receipts_arrive_by_file(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path, receipts_arrive_by="files") as s:
        await s.ward.send(receipt(FIRST, s.slips[0]))
        assert await s.registered() == []
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        assert (await s.pulled()).new == 1
        assert await s.registered() == [(FIRST, "01", 10_000)]


async def test_the_terminals_routes_answer_as_the_use_cases_do(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        transport = httpx.ASGITransport(s.ward.http)
        async with httpx.AsyncClient(transport=transport, base_url="http://ward") as ward:
            line = (await ward.get("/terminal/line")).json()
            assert line == {
                "line": "isdn",
                "bytes_per_second": 8_000,
                "opens": "09:00",
                "closes": "17:00",
                "is_open": True,
            }
            body = transfer().model_dump(mode="json")
            assert (await ward.post("/terminal/transfers", json=body)).status_code == 201
            page = {"name": "A.txt", "page": 1, "records": [item(FIRST, s.slips[0]).model_dump(mode="json")]}
            early = await ward.post("/terminal/pages", json=page)
            assert (early.status_code, early.json()["code"]) == (409, "receipt_file_on_the_line")
            s.ward.clock.step_to(MORNING + timedelta(minutes=1))
            assert (await ward.post("/terminal/pages", json=page)).json() == {"new": 1, "known": 0}
            done = {"name": "A.txt", "day": "2021-07-12", "records": 1, "amount": 10_000, "terminal_user": USER}
            assert (await ward.post("/terminal/completions", json=done)).status_code == 200
            step = {"step": "deleted", "file_name": "A.txt", "terminal_user": USER}
            assert (await ward.post("/terminal/steps", json=step)).status_code == 201
            assert [row["step"] for row in (await ward.get("/terminal/steps")).json()] == [
                "deleted",
                "registered",
                "begun",
            ]
            (file,) = (await ward.get("/terminal/files")).json()
            assert (file["name"], file["new"], file["times_received"]) == ("A.txt", 1, 1)
            assert datetime.fromisoformat(file["registered_at"]).astimezone(JST).hour == 10
