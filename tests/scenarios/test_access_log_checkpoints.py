"""照合点: after a day on which somebody saw data of persons, the other parties hold the log's last entry, signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path

import msgspec
import pytest

from contracts import cloudevents, topics
from contracts.access_log import Checkpoint, broken, checkpoint_text
from contracts.duties.duty import RecordKind
from contracts.events import AccessLogCheckpointed
from contracts.parties import PARTIES, PAYMENT_PROVIDER, WARD, Contractor
from contracts.roles import Role
from contracts.signatures import public_key_of, signature_of
from contracts.vocabulary import on_the_clock
from services.chassis.access.caller import Caller
from services.chassis.bus.port import Record
from services.chassis.duties.register import Registered, Wanted
from services.chassis.service import Service
from services.console.books.access_logs import checkpoints_in_folder, forged, log_in_folder
from services.console.sandbox.sandbox import Sandbox

SUZUKI = Caller("suzuki", frozenset({Role.COLLECTION_CLERK}), "消込")
KIND = RecordKind.ACCESS_LOG_CHECKPOINTED


def at(day: int, hour: int = 10) -> datetime:
    return on_the_clock(date(2021, 7, day), time(hour))


async def reads(service: Service, *slips: str) -> None:
    for slip in slips:
        await service.record_access(SUZUKI, "GET /slips", [f"slip:{slip}"])


async def kept_by(sandbox: Sandbox, principal: str) -> Sequence[Registered]:
    (service,) = (service for service in sandbox.services if service.principal == principal)
    return [*reversed(await service.duty_records(Wanted(KIND)))]


async def test_each_day_with_reads_has_a_checkpoint_and_a_day_without_has_none(tmp_path: Path) -> None:
    async with Sandbox(at(1), seed=7, folder=tmp_path) as sandbox:
        await reads(sandbox.ward, "1", "2")
        await sandbox.advance(at(1, 23))
        assert [await kept_by(sandbox, party) for party in PARTIES] == [[], [], [], []], "the day is not over"
        await sandbox.advance(at(4))
        await reads(sandbox.ward, "3")
        await reads(sandbox.provider, "4")
        await sandbox.advance(at(6))
        for contractor in Contractor:
            kept = [k.content for k in await kept_by(sandbox, contractor) if k.content["party"] == WARD]
            assert [(k["on"], k["number"]) for k in kept] == [("2021-07-01", 2), ("2021-07-04", 3)]
        (of_provider,) = (k for k in await kept_by(sandbox, WARD) if k.content["party"] == PAYMENT_PROVIDER)
        assert (of_provider.content["number"], of_provider.record.holds) == (1, True)
    for party in PARTIES:
        held = [c for kept in (await checkpoints_in_folder(tmp_path, party)).values() for c in kept]
        assert broken(await log_in_folder(tmp_path, party), held) == []
        assert forged(held) == []
        assert bool(held) == (party in (WARD, PAYMENT_PROVIDER))


async def test_a_restarted_party_announces_a_day_once(tmp_path: Path) -> None:
    async with Sandbox(at(1), seed=7, folder=tmp_path) as sandbox:
        await reads(sandbox.ward, "1")
        await sandbox.restart(WARD)
        await reads(sandbox.ward, "2")
        await sandbox.advance(at(3))
        assert [k.content["number"] for k in await kept_by(sandbox, Contractor.CARD_AGENT_UC)] == [2]
        assert [k.content["number"] for k in await kept_by(sandbox, WARD)] == [2], "its own"


async def test_a_log_written_anew_is_found_with_what_others_hold(tmp_path: Path) -> None:
    async with Sandbox(at(1), seed=7, folder=tmp_path) as sandbox:
        await reads(sandbox.ward, "1", "2")
        await sandbox.advance(at(3))
    held = [c for kept in (await checkpoints_in_folder(tmp_path, WARD)).values() for c in kept]
    log = await log_in_folder(tmp_path, WARD)
    assert broken(log[:1]) == []
    assert "is missing" in broken(log[:1], held)[0].why


FORGED: Mapping[str, Mapping[str, object]] = {
    "another mark": {"mark": "0" * 64},
    "another entry": {"number": 9},
    "no signature": {"signature": ""},
    "another key": {
        "public_key": public_key_of(b"k" * 32),
        "signature": signature_of(b"k" * 32, checkpoint_text(WARD, date(2021, 7, 9), 1, "1" * 64)),
        "number": 1,
        "mark": "1" * 64,
    },
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED.keys())
async def test_a_checkpoint_that_its_party_did_not_sign_does_not_count(change: Mapping[str, object]) -> None:
    async with Sandbox(at(1), seed=7) as sandbox:
        await reads(sandbox.ward, "1")
        await sandbox.advance(at(3))
        (right,) = await kept_by(sandbox, PAYMENT_PROVIDER)
        content = {**right.content, "on": "2021-07-09", **change}
        event = msgspec.convert(content, AccessLogCheckpointed)
        headers = cloudevents.headers("forged", event, WARD, at(3))
        topic = topics.topic_of(event, WARD)
        await sandbox.bus.produce([Record(topic, event.key, cloudevents.encode_value(event), headers)])
        await sandbox.settle()
        kept = {k.record.record_id: k.record.holds for k in await kept_by(sandbox, PAYMENT_PROVIDER)}
        assert kept == {right.record.record_id: True, event.subject: False}
        assert forged([msgspec.convert(k, Checkpoint) for k in (right.content, content)]) != []
