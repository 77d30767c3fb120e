"""Whatever a header, a key or a value holds: set aside, listed, mended and replayed, on either database."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from contracts.http.service import DeadLetterView
from contracts.vocabulary import Refusal
from services.chassis.bus.port import Record
from tests.component.home import Home
from tests.component.tiny_party import INBOUND, Driven, Entry, Reminder


def damaged(good: Record, **headers: bytes) -> Record:
    """The record with other contents of these headers."""
    return good._replace(headers=tuple((name, headers.get(name, content)) for name, content in good.headers))


BAD_HEADERS: Sequence[tuple[str, bytes, str]] = (
    ("ce_id", b"a\x00b", "ce_id holds the control character U+0000"),
    ("ce_id", b"\xff", "a header is not UTF-8"),
    ("ce_id", b"", "ce_id is empty"),
    ("ce_id", b"x" * 500_000, "ce_id has 500,000 bytes; at most 1,000 are allowed"),
    ("ce_type", b"t\x00", "ce_type holds the control character U+0000"),
    ("ce_type", b"t" * 500_000, "ce_type has 500,000 bytes"),
    ("ce_subject", b"\x00", "ce_subject holds the control character U+0000"),
    ("ce_subject", b"s" * 500_000, "ce_subject has 500,000 bytes"),
    ("ce_source", b"/sansha/ward", "the source is '/sansha/ward'"),
    ("ce_time", b"9999-12-31T23:59:59Z", "ce_time 9999-12-31T23:59:59+00:00 is out of bounds"),
    ("ce_time", b"0001-01-01T00:00:00+09:00", "ce_time 0001-01-01T00:00:00+09:00 is out of bounds"),
    ("ce_time", b"\x00" * 100_000, "is not an RFC 3339 time"),
)


async def test_whatever_a_header_holds_it_is_set_aside_listed_mended_and_replayed(home: Home) -> None:
    driven = await Driven.started(home)
    names: list[str] = []
    for number, (header, content, wrong) in enumerate(BAD_HEADERS):
        good = driven.record(Entry(account="a", name=f"mended {number}"))
        after = driven.record(Entry(account="a", name=f"after {number}"))
        await driven.bus.produce([damaged(good, **{header: content}), after])
        await driven.settle()
        names.append(f"after {number}")
        assert await driven.names() == names, "what came after is handled"
        (letter,) = await driven.service.dead_letters()
        assert wrong in letter.reason
        assert len(letter.reason) < 2_000
        assert letter.model_dump_json().encode()
        assert isinstance(await driven.service.replay(letter.id, None), Refusal), "it is still wrong"
        mended = {header: dict(good.headers)[header].decode()}
        assert isinstance(await driven.service.replay(letter.id, None, headers=mended), DeadLetterView)
        names.append(f"mended {number}")
        assert await driven.names() == names
        assert await driven.service.dead_letters() == []


async def test_a_key_that_no_database_stores_is_set_aside_and_its_event_can_be_replayed(home: Home) -> None:
    driven = await Driven.started(home)
    for number, key in enumerate(("\x00", "k" * 500_000)):
        await driven.bus.produce([driven.record(Entry(account="a", name=f"{number}"))._replace(key=key)])
        await driven.settle()
        (letter,) = await driven.service.dead_letters()
        assert letter.reason.startswith("undecodable: the key ")
        assert isinstance(await driven.service.replay(letter.id, None), DeadLetterView)
    assert await driven.names() == ["0", "1"]


BAD_VALUES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"x":' * 3_000 + b"1" + b"}" * 3_000,
    b'{"account":' + b"[" * 60 + b"]" * 60 + b"}",
    rb'{"account":"\ud800","name":"x"}',
    rb'{"account":"a\u0000","name":"x"}',
    b'{"account":"a","name":"x","amount":true}',
    b'{"account":"a","name":"x","amount":' + b"9" * 5_000 + b"}",
    b'{"account":"a","name":"x","amount":1e400}',
    b'{"account":"a","name":"x","amount":NaN}',
    b'{"account":"a","name":"x","amount":9223372036854775808}',
)


async def test_whatever_a_value_holds_it_is_set_aside_and_can_be_answered_as_json(home: Home) -> None:
    driven = await Driven.started(home)
    names: list[str] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(driven.http), base_url="http://party") as client:
        for number, value in enumerate(BAD_VALUES):
            bad = driven.record(Entry(account="a", name=f"bad {number}"))._replace(value=value)
            await driven.bus.produce([bad, driven.record(Entry(account="a", name=f"after {number}"))])
            await driven.settle()
            names += [f"after {number}", f"mended {number}"]
            (listed,) = (await client.get("/ops/dead-letters")).json()
            mended = {"value": {"account": "a", "name": f"mended {number}"}}
            answer = await client.post(f"/ops/dead-letters/{listed['id']}/replay", json=mended)
            assert answer.status_code == 200
            assert await driven.names() == names


async def test_two_messages_under_one_id_are_both_kept_if_only_their_headers_differ(home: Home) -> None:
    driven = await Driven.started(home)
    good = driven.record(Entry(account="a", name="x"))
    await driven.bus.produce([damaged(good, ce_source=f"/sansha/{name}".encode()) for name in ("x", "y", "x")])
    await driven.settle()
    reasons = {letter.reason for letter in await driven.service.dead_letters()}
    assert len(await driven.service.dead_letters()) == len(reasons) == 2


async def test_a_type_that_nobody_knows_is_counted_under_no_name_of_its_own(home: Home) -> None:
    driven = await Driven.started(home)
    good = driven.record(Entry(account="a", name="x"))
    await driven.bus.produce([damaged(good, ce_type=b"made-up-%d" % n, ce_id=b"%d" % n) for n in range(20)])
    await driven.settle()
    exposition = driven.service.metrics.exposition().decode()
    assert "made-up" not in exposition
    assert 'sansha_events_dead_lettered_total{type="unknown"} 20.0' in exposition


async def test_a_timer_that_another_party_sends_is_set_aside(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.bus.produce([driven.record(Reminder(account="a", name="forged"))])
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    assert letter.reason == f"misplaced: {INBOUND} carries no {Reminder.TYPE}"
    assert await driven.names() == []
