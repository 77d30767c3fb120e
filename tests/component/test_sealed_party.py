"""A party among sealed events: it opens its own, seals what it sends, and sets aside what it cannot open."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contracts import topics
from contracts.cloudevents import Headers
from contracts.http.service import DeadLetterView
from contracts.sealing import CONTENT_TYPE, PLAIN, SEALED, SEALED_FOR, as_text
from contracts.vocabulary import Refusal
from services.chassis.bus.port import Record
from services.chassis.sealing.choosing import opener_for, sealer_for
from services.chassis.sealing.port import MissingKeys, Sealer
from services.console.keys import key_settings, keys_file, make_folder_of_keys, readers_file
from tests.component.home import Home
from tests.component.tiny_party import ANSWERER, ASKER, NOON, Driven, Entry, ReminderDropped, ReminderWanted

TIMERS = topics.timers(ASKER).name


async def sealed_party(home: Home, keys: Path, **more: Any) -> Driven:
    driven = Driven(home)
    await driven.start(**{**key_settings(keys, ASKER), **more})
    return driven


def sealed(record: Record, sealer: Sealer) -> Record:
    headers, value = sealer.seal(record.topic, record.key, record.headers, NOON, record.value)
    return record._replace(headers=headers, value=value)


async def arrive(driven: Driven, *records: Record) -> None:
    await driven.bus.produce(records)
    await driven.settle()


async def blobs(driven: Driven, table: str, column: str) -> Sequence[bytes]:
    """What the party's own database holds."""
    async with driven.service.reading() as session:
        found = driven.service._chassis_tables.tables[table]
        return list((await session.execute(select(found.c[column]))).scalars())


def changed(headers: Headers, **contents: bytes) -> Headers:
    return tuple((name, contents.get(name, content)) for name, content in headers)


@pytest.fixture
def sealer(keys: Path) -> Sealer:
    return sealer_for(readers_file(keys))


async def test_what_comes_sealed_is_handled_and_what_is_sent_is_sealed_for_its_reader(
    home: Home, keys: Path, sealer: Sealer
) -> None:
    driven = await sealed_party(home, keys)
    await arrive(driven, *(sealed(driven.record(Entry(account="a", name=n)), sealer) for n in ("one", "two")))
    assert await driven.names() == ["one", "two"]
    agent = opener_for(ANSWERER, keys_file(keys, ANSWERER))
    for message in await driven.published():
        assert dict(message.headers)[CONTENT_TYPE] == SEALED
        assert b"card_token" not in message.value
        opened = agent.open(message.topic, message.key, message.headers, message.value)
        assert b'"card_token":"a"' in opened


async def test_an_event_that_is_not_sealed_is_handled_as_well(home: Home, keys: Path) -> None:
    driven = await sealed_party(home, keys)
    await arrive(driven, driven.record(Entry(account="a", name="plain")))
    assert await driven.names() == ["plain"]


async def test_a_party_s_own_timers_are_sealed_in_its_outbox_and_on_the_bus(
    home: Home, keys: Path, sealer: Sealer
) -> None:
    driven = await sealed_party(home, keys)
    wanted = [ReminderWanted(account="secret", name=n, due=NOON + timedelta(days=40)) for n in ("kept", "dropped")]
    await arrive(driven, *(sealed(driven.record(event), sealer) for event in wanted))
    rows = await blobs(driven, "outbox", "records")
    assert len(rows) == 2
    assert [row for row in rows if b'"account"' in row or b"2021-04 payment_provider=" in row] == [], (
        "of May, not April"
    )
    await arrive(driven, sealed(driven.record(ReminderDropped(account="secret", name="dropped")), sealer))
    driven.clock.step_to(NOON + timedelta(days=40))
    await driven.settle()
    assert await driven.names() == ["kept"]
    (timer,) = await driven.bus.read(TIMERS)
    assert dict(timer.headers)[SEALED_FOR].startswith(b"2021-05 payment_provider=")
    assert b"secret" not in timer.value


async def test_the_same_event_sealed_again_is_a_redelivery(home: Home, keys: Path, sealer: Sealer) -> None:
    driven = await sealed_party(home, keys)
    record = driven.record(Entry(account="a", name="once"))
    other = driven.record(Entry(account="a", name="other"), event_id=dict(record.headers)["ce_id"].decode())
    await arrive(driven, sealed(record, sealer), sealed(record, sealer), record)
    assert await driven.names() == ["once"]
    assert await driven.service.dead_letters() == []
    await arrive(driven, sealed(other, sealer))
    (letter,) = await driven.service.dead_letters()
    assert letter.reason.startswith("IdReused")


async def test_a_dead_letter_is_kept_sealed_shown_opened_and_replayed(home: Home, keys: Path, sealer: Sealer) -> None:
    driven = await sealed_party(home, keys)
    came = sealed(driven.record(Entry(account="a", name="bad", amount=-1)), sealer)
    await arrive(driven, came)
    (letter,) = await driven.service.dead_letters()
    assert letter.value == {"account": "a", "name": "bad", "amount": -1, "owner": None}
    assert letter.headers[CONTENT_TYPE] == PLAIN.decode()
    assert await blobs(driven, "dead_letters", "value") == [came.value]
    assert isinstance(await driven.service.replay(letter.id, None), Refusal), "opened, it still fails"
    mended = await driven.service.replay(letter.id, {**letter.value, "amount": 1})
    assert isinstance(mended, DeadLetterView)
    assert await driven.names() == ["bad"]
    assert await driven.service.dead_letters() == []


async def test_what_was_altered_is_set_aside_and_what_came_after_is_handled(
    home: Home, keys: Path, sealer: Sealer
) -> None:
    driven = await sealed_party(home, keys)
    good = sealed(driven.record(Entry(account="a", name="good")), sealer)
    flipped = bytearray(good.value)
    flipped[-1] ^= 1
    after = sealed(driven.record(Entry(account="a", name="after")), sealer)
    await arrive(driven, good._replace(value=bytes(flipped)), after)
    assert await driven.names() == ["after"]
    (letter,) = await driven.service.dead_letters()
    assert letter.reason.startswith("unopenable: its value, its key or a header was altered")
    assert letter.value == as_text(bytes(flipped))
    assert isinstance(await driven.service.replay(letter.id, None), Refusal)
    whole = {"account": "a", "name": "good", "amount": 1, "owner": None}
    assert isinstance(await driven.service.replay(letter.id, whole), DeadLetterView), "a mended value is plain"
    assert await driven.names() == ["after", "good"]


async def test_a_header_that_was_altered_on_the_way_is_mended_and_the_value_opens_again(
    home: Home, keys: Path, sealer: Sealer
) -> None:
    driven = await sealed_party(home, keys)
    good = sealed(driven.record(Entry(account="a", name="good")), sealer)
    await arrive(driven, good._replace(headers=changed(good.headers, ce_subject=b"another")))
    (letter,) = await driven.service.dead_letters()
    assert isinstance(await driven.service.replay(letter.id, None, headers={"ce_subject": "good"}), DeadLetterView)
    assert await driven.names() == ["good"]


async def test_a_header_that_was_sealed_wrong_is_mended_after_opening(home: Home, keys: Path, sealer: Sealer) -> None:
    driven = await sealed_party(home, keys)
    good = driven.record(Entry(account="a", name="good"))
    await arrive(driven, sealed(good._replace(headers=changed(good.headers, ce_source=b"/sansha/ward")), sealer))
    (letter,) = await driven.service.dead_letters()
    assert letter.reason.startswith("misplaced: ")
    right = {"ce_source": f"/sansha/{ANSWERER}"}
    assert isinstance(await driven.service.replay(letter.id, None, headers=right), DeadLetterView)
    assert await driven.names() == ["good"]


async def test_what_was_sealed_for_a_destroyed_month_is_set_aside_wherever_it_still_is(
    home: Home, keys: Path, tmp_path: Path, sealer: Sealer
) -> None:
    own = Path(shutil.copytree(keys, tmp_path / "own"))
    driven = await sealed_party(home, own)
    await arrive(driven, sealed(driven.record(Entry(account="a", name="bad", amount=-1)), sealer))
    driven.service.opener.destroy("2021-05", NOON)
    await arrive(driven, sealed(driven.record(Entry(account="a", name="late")), sealer))
    assert await driven.names() == []
    kept, late = sorted(await driven.service.dead_letters(), key=lambda letter: len(letter.reason))
    assert "amount -1" in kept.reason
    assert isinstance(kept.value, str), "its value can be read by nobody"
    assert "unopenable: the key of payment_provider for 2021-04 was destroyed on 2021-04-12T" in late.reason


async def test_a_party_without_keys_sets_aside_what_is_sealed(home: Home, keys: Path, sealer: Sealer) -> None:
    driven = await Driven.started(home)
    record = driven.record(Entry(account="a", name="one"))
    await arrive(driven, sealed(record, sealer), driven.record(Entry(account="a", name="plain")))
    assert await driven.names() == ["plain"]
    (letter,) = await driven.service.dead_letters()
    assert letter.reason == "unopenable: there are no private keys (SANSHA_SEALING_KEYS_FILE) to open it"
    await driven.service.close()
    await driven.start(**key_settings(keys, ASKER))
    assert isinstance(await driven.service.replay(letter.id, None), DeadLetterView), "with its keys it is opened"
    assert await driven.names() == ["plain", "one"]


async def test_a_sender_without_a_key_of_its_reader_ends_and_loses_nothing(
    home: Home, tmp_path: Path, keys: Path, sealer: Sealer
) -> None:
    short = tmp_path / "short"
    make_folder_of_keys(short, ["2020-01"])
    driven = await sealed_party(home, keys, sealing_readers_file=readers_file(short))
    await driven.bus.produce([sealed(driven.record(Entry(account="a", name="one")), sealer)])
    with pytest.raises(MissingKeys, match=f"no public key of {ANSWERER} for 2021-04"):
        await driven.settle()
    await driven.service.abandon()
    await driven.start(**key_settings(keys, ASKER))
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["one"]
    assert await driven.service.dead_letters() == []


async def test_public_keys_alone_are_refused_at_the_start(home: Home, keys: Path) -> None:
    with pytest.raises(MissingKeys, match="set SANSHA_SEALING_KEYS_FILE"):
        await Driven(home).start(sealing_readers_file=readers_file(keys))
