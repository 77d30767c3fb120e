"""The files of the embedded log."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from services.chassis.bus.partitioning import partition_of
from services.chassis.bus.port import BusError, Record, UnknownTopic
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.database import journal
from tests.conformance.consuming import TOPIC, numbered, numbers, receive, topic


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path / "a" / "b")
    await bus.create_topics([topic()])
    await bus.produce(numbered([1]))
    await bus.close()
    assert (tmp_path / "a" / "b" / f"{TOPIC}.log.sqlite").exists()


@pytest.mark.parametrize("durable", [True, False])
async def test_what_was_produced_is_on_disk_when_the_log_is_closed(tmp_path: Path, durable: bool) -> None:
    bus = SqliteLog(tmp_path, durable=durable)
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(2000)))
    await bus.close()
    again = SqliteLog(tmp_path)
    assert len(await again.read(TOPIC, max_records=5000)) == 2000
    await again.close()


@pytest.mark.parametrize("name", ["groups.sqlite", f"{TOPIC}.log.sqlite"])
@pytest.mark.parametrize("content", [b"this is a text, not a database\n" * 100, "another program's"])
async def test_a_file_that_is_not_ours_is_named(tmp_path: Path, name: str, content: bytes | str) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        with sqlite3.connect(tmp_path / name) as other:
            other.execute("CREATE TABLE batches (id)")
        other.close()
    with pytest.raises(BusError, match=name):
        await SqliteLog(tmp_path).create_topics([topic()])


async def test_a_damaged_batch_is_named_and_nothing_is_skipped(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path)
    await bus.create_topics([topic(partitions=1)])
    await bus.produce(numbered(range(3)))
    with sqlite3.connect(tmp_path / f"{TOPIC}.log.sqlite") as damage:
        damage.execute("UPDATE batches SET payload = x'00'")
    damage.close()
    subscription = await bus.subscribe("g", [TOPIC])
    for _ in range(2):
        with pytest.raises(BusError, match=rf"{TOPIC}.log.sqlite: partition 0 is corrupt at offset 2"):
            await subscription.fetch(10, 0)
    await bus.close()


async def test_a_file_of_a_later_layout_is_refused(tmp_path: Path) -> None:
    await SqliteLog(tmp_path).close()
    with sqlite3.connect(tmp_path / "groups.sqlite") as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(BusError, match=r"groups.sqlite has layout 99"):
        SqliteLog(tmp_path)


async def test_a_produce_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path)
    await bus.create_topics([topic()])
    no_headers: Any = object()
    elsewhere = next(f"key {n}" for n in range(40) if partition_of(f"key {n}", 4) != partition_of("key 0", 4))
    with pytest.raises(TypeError):
        await bus.produce([*numbered(range(3), keys=1), Record(TOPIC, elsewhere, b"", no_headers)])
    assert await bus.read(TOPIC) == []
    assert not any((await bus.end_offsets([TOPIC])).values())
    await bus.produce(numbered(range(5), keys=1))
    assert numbers(await bus.read(TOPIC)) == list(range(5))
    await bus.close()


@pytest.mark.parametrize("left", [f"{TOPIC}.log.sqlite.new", f"{TOPIC}.log.sqlite"])
async def test_a_topic_whose_maker_was_killed_is_unknown_and_can_be_made(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    bus = SqliteLog(tmp_path)
    with pytest.raises(UnknownTopic):
        await bus.produce(numbered([1]))
    await bus.create_topics([topic()])
    await bus.produce(numbered([1]))
    await bus.close()


async def test_a_topic_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    outside = SqliteLog(tmp_path / "outside")
    await outside.create_topics([topic()])
    bus = SqliteLog(tmp_path / "inside")
    with pytest.raises(UnknownTopic):
        await bus.read(f"../outside/{TOPIC}")
    await outside.close()
    await bus.close()


async def test_files_of_the_dead_are_cleared_away(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path)
    (tmp_path / "members" / "1-dead.lock").touch()
    (tmp_path / "listeners" / "9-1.lock").touch()
    await bus.create_topics([topic()])
    subscription = await bus.subscribe("g", [TOPIC])
    await subscription.fetch(1, 0.01)
    mine = f"{subscription.member}.lock"
    assert mine in locks(tmp_path)
    assert not {"1-dead.lock", "9-1.lock"} & locks(tmp_path)
    await bus.close()
    assert locks(tmp_path) == set()


def locks(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*/*.lock")}


async def test_a_member_whose_lock_is_lost_is_replaced_and_joins_again(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path)
    await bus.create_topics([topic()])
    robbed = await bus.subscribe("g", [TOPIC])
    name = robbed.member
    (tmp_path / "members" / f"{name}.lock").unlink()
    other = await bus.subscribe("g", [TOPIC])
    assert name not in await bus.members("g")
    await robbed.fetch(1, 0)
    assert robbed.member != name
    assert set(await bus.members("g")) == {robbed.member, other.member}
    await bus.close()


def copied(files: Path, to: Path, name: str) -> None:
    """Copy a file and its journal as they are now."""
    to.mkdir(exist_ok=True)
    for part in files.glob(f"{name}*"):
        shutil.copyfile(part, to / part.name)


async def test_what_a_loss_of_power_took_comes_to_every_group_when_it_is_produced_again(tmp_path: Path) -> None:
    folder, left = tmp_path / "log", tmp_path / "left"
    bus = SqliteLog(folder)
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    await bus.flush()
    copied(folder, left, f"{TOPIC}.log.sqlite")  # the rest of the topic never reached the disk
    subscription = await bus.subscribe("g", [TOPIC])
    await bus.produce(numbered(range(100, 200)))
    await subscription.commit(await subscription.fetch(1000, 0))
    behind = await bus.subscribe("behind", [TOPIC])
    some = await behind.fetch(10, 0)
    await behind.commit(some)
    copied(folder, left, "groups.sqlite")
    await bus.close()

    again = SqliteLog(left)
    await again.produce(numbered(range(200, 300)))
    assert sorted(numbers(await receive(await again.subscribe("g", [TOPIC]), 100))) == list(range(200, 300))
    readable = [n for n in range(300) if not 100 <= n < 200]
    rest = numbers(await receive(await again.subscribe("behind", [TOPIC]), len(readable) - len(some)))
    assert sorted([*rest, *numbers(some)]) == readable, "a group that was not ahead is not moved"
    await again.close()


async def test_while_nothing_is_lost_offsets_stay_as_they_are(tmp_path: Path) -> None:
    bus = SqliteLog(tmp_path)
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    subscription = await bus.subscribe("g", [TOPIC])
    await subscription.commit(await subscription.fetch(60, 0))
    before = await bus.committed("g", [TOPIC])
    another = SqliteLog(tmp_path)
    assert await another.committed("g", [TOPIC]) == before
    await another.close()
    await bus.close()


@pytest.mark.parametrize("durable", [True, False])
async def test_a_flush_writes_through_what_was_appended_and_nothing_else_does(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(journal, "_write_through", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    bus = SqliteLog(tmp_path, durable=durable)
    await bus.create_topics([topic(), topic("other"), topic("untouched")])
    await bus.produce([*numbered(range(10)), *numbered(range(10), topic_name="other")])
    assert flushed == []
    await bus.flush()
    journals = {(tmp_path / f"{name}.log.sqlite-wal").stat().st_ino for name in (TOPIC, "other")}
    assert set(flushed) == (journals if durable else set())
    flushed.clear()
    await bus.flush()
    assert flushed == [], "there is nothing new"
    await bus.produce(numbered([10]))
    await bus.flush()
    assert len(flushed) == durable
    await bus.close()


async def test_after_a_flush_that_failed_nothing_counts_as_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    bus = SqliteLog(tmp_path)
    await bus.create_topics([topic()])
    await bus.produce(numbered([1]))
    with monkeypatch.context() as patched:
        patched.setattr(journal, "_write_through", broken)
        with pytest.raises(BusError, match="Input/output error"):
            await bus.flush()
    with pytest.raises(BusError, match="start the process again"):
        await bus.flush()
    await bus.close()
