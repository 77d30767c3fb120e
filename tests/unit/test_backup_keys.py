"""Keys of backups: one for each, its owner's alone, and destroyed with a record of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.backup_keys import (
    KeyGone,
    backup_name,
    backups_with_keys,
    destroy_keys,
    destroyed,
    made_at,
    make_key,
    read_key,
)

NOW = datetime(2026, 11, 30, 12, 0, 0, 123456, UTC)


def test_a_name_says_when_and_sorts_by_it() -> None:
    names = [backup_name(NOW + timedelta(microseconds=n * 999_999)) for n in range(5)]
    assert names == sorted(names)
    assert [made_at(name) for name in names[:2]] == [NOW, NOW + timedelta(microseconds=999_999)]


def test_each_backup_has_a_key_of_its_own_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = {name: make_key(folder, name) for name in (backup_name(NOW), backup_name(NOW + timedelta(hours=1)))}
    assert {name: read_key(folder, name) for name in keys} == keys
    assert len(set(keys.values())) == 2
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    with pytest.raises(FileExistsError):
        make_key(folder, backup_name(NOW))


def test_keys_of_before_are_destroyed_and_the_record_says_when_and_why(tmp_path: Path) -> None:
    names = [backup_name(NOW + timedelta(hours=n)) for n in range(3)]
    for name in names:
        make_key(tmp_path, name)
    now = NOW + timedelta(days=1)
    done = destroy_keys(tmp_path, NOW + timedelta(hours=2), now, "消去 of insured persons' data")
    assert [record.backup for record in done] == names[:2]
    assert backups_with_keys(tmp_path) == names[2:]
    assert list(destroyed(tmp_path)) == list(done)
    with pytest.raises(KeyGone, match=r"was destroyed at 2026-12-01T12:00:00.*消去 of insured"):
        read_key(tmp_path, names[0])
    assert destroy_keys(tmp_path, NOW, now, "again") == []


def test_a_key_that_is_missing_or_damaged_is_said(tmp_path: Path) -> None:
    name = backup_name(NOW)
    with pytest.raises(KeyGone, match="name the folder with its key"):
        read_key(tmp_path, name)
    make_key(tmp_path, name)
    (tmp_path / f"{name}.key").write_text("00ff")
    with pytest.raises(KeyGone, match="or is damaged"):
        read_key(tmp_path, name)
