"""Backups of a data folder: refused in one line, with nothing changed, unless whole, unaltered and with its key."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.chassis.backup_keys import RECORD, backups_with_keys, destroyed, key_folder
from services.console.backup.making import back_up, backups, keep_latest
from services.console.backup.manifest import MANIFEST
from services.console.backup.restoring import NotRestored, check, restore
from services.console.backup.snapshot import CannotBackUp
from services.console.cli.app import app
from services.console.folder import StackFile

ROWS = 5_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two databases, a topic and consumer groups, each open as by a running stack."""
    folder = tmp_path / "data"
    (folder / "bus").mkdir(parents=True)
    StackFile.open(folder, 7)
    for name in ("ward.db", "payment_provider.db"):
        with closing(sqlite3.connect(folder / name)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE slips (number INTEGER PRIMARY KEY, person TEXT)")
            database.executemany("INSERT INTO slips VALUES (?, ?)", ((n, "0000000123") for n in range(ROWS)))
            database.execute("PRAGMA user_version = 41")
            database.commit()
    with closing(sqlite3.connect(folder / "bus" / "ward.timers.log.sqlite")) as topic:
        topic.execute("PRAGMA journal_mode = WAL")
        topic.execute("CREATE TABLE ends (partition INTEGER, next_offset INTEGER)")
        topic.execute("INSERT INTO ends VALUES (0, 12)")
        topic.commit()
    with closing(sqlite3.connect(folder / "bus" / "groups.sqlite")) as groups:
        groups.execute("CREATE TABLE offsets (name TEXT, topic TEXT, partition INTEGER, next_offset INTEGER)")
        groups.execute("INSERT INTO offsets VALUES ('ward', 'ward.timers', 0, 11)")
        groups.commit()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_backup_has_one_state_though_others_write_and_says_where_each_party_is(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "ward.db")) as other:
        other.execute("INSERT INTO slips VALUES (?, 'committed')", (ROWS,))
        other.commit()  # in the journal alone
        other.execute("PRAGMA user_version = 42")
        made = back_up(data, tmp_path / "backups", key_folder(data))
        other.execute("INSERT INTO slips VALUES (?, 'later')", (ROWS + 1,))
        other.commit()
    manifest = check(made, key_folder(data))
    assert manifest.counts == {"ward.db": 42, "payment_provider.db": 41}
    assert (manifest.ends, manifest.committed) == (
        {"ward.timers": {"0": 12}},
        {"ward": {"ward.timers": {"0": 11}}},
    )
    assert not [name for name, text in contents(made).items() if b"0000000123" in text]
    assert not list(data.glob("backup.tmp*"))

    restored = tmp_path / "restored"
    restore(made, restored, key_folder(data))
    assert (restored / "ward.db.mark").read_text() == "42"
    assert (restored / "sansha.json").read_bytes() == (data / "sansha.json").read_bytes()
    with closing(sqlite3.connect(restored / "ward.db")) as opened:
        assert opened.execute("SELECT max(number), count(*) FROM slips").fetchone() == (ROWS, ROWS + 1)
    for name in ("ward.db", "bus/ward.timers.log.sqlite"):
        with closing(sqlite3.connect(restored / name)) as opened:
            assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert backups_with_keys(key_folder(restored)) == [made.name]


Harm = Callable[[Path, Path], object]
"""(backup, data folder)"""


def _flip(backup: Path, _data: Path) -> None:
    file = backup / "ward.db.enc"
    altered = bytearray(file.read_bytes())
    altered[1000] ^= 1
    file.write_bytes(altered)


def _rewrite(backup: Path, _data: Path) -> None:
    """Somebody without the key alters the place in the log."""
    document = json.loads((backup / MANIFEST).read_text())
    document["committed"]["ward"]["ward.timers"]["0"] = 0
    (backup / MANIFEST).write_text(json.dumps(document))


HARMS: dict[str, tuple[Harm, str]] = {
    "a bit": (_flip, "ward.db.enc was altered"),
    "the manifest": (_rewrite, "manifest.json was altered"),
    "a file": (lambda backup, _: (backup / "ward.db.enc").unlink(), "is not complete: ward.db.enc missing"),
    "its end": (lambda backup, _: (backup / MANIFEST).unlink(), "or one that was not completed"),
    "a stranger": (lambda backup, _: (backup / "x.enc").write_text("x"), "holds x.enc, which the manifest does not"),
    "no JSON": (lambda backup, _: (backup / MANIFEST).write_text("{"), "was altered or is damaged"),
    "its key": (lambda _, data: shutil.rmtree(key_folder(data)), "name the folder with its key"),
}


@pytest.mark.parametrize("what", HARMS)
def test_a_backup_that_is_altered_incomplete_or_without_its_key_changes_nothing(
    data: Path, tmp_path: Path, what: str
) -> None:
    made = back_up(data, tmp_path / "backups", key_folder(data))
    harm, said = HARMS[what]
    harm(made, data)
    before = contents(tmp_path)
    runner = CliRunner(env={"COLUMNS": "300"})
    options = ("--keys", str(key_folder(data)))
    restored = runner.invoke(app, ["restore", str(made), "--into", str(tmp_path / "restored"), *options])
    checked = runner.invoke(app, ["backup", "check", str(made), *options])
    assert (restored.exit_code, checked.exit_code) == (2, 1)
    for answer in (restored, checked):
        assert len(answer.output.strip().splitlines()) == 1
        assert said in answer.output
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "data"]


def test_nothing_is_restored_over_what_is_there(data: Path, tmp_path: Path) -> None:
    made = back_up(data, tmp_path / "backups", key_folder(data))
    before = contents(data)
    with pytest.raises(NotRestored, match="holds something: name a new folder"):
        restore(made, data, key_folder(data))
    assert contents(data) == before


def test_as_many_as_wanted_are_kept_and_the_others_keys_destroyed(data: Path, tmp_path: Path) -> None:
    to, keys = tmp_path / "backups", key_folder(data)
    made = [back_up(data, to, keys) for _ in range(4)]
    assert keep_latest(to, keys, 2) == [folder.name for folder in made[:2]]
    assert backups(to) == made[2:]
    assert backups_with_keys(keys) == [folder.name for folder in made[2:]]
    assert [(record.backup, record.because) for record in destroyed(keys)] == [
        (folder.name, "only the latest 2 are kept") for folder in made[:2]
    ]


def test_a_backup_that_fails_leaves_no_backup_and_no_key(data: Path, tmp_path: Path) -> None:
    (data / "ward.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(CannotBackUp, match=r"ward.db cannot be backed up: file is not a database"):
        back_up(data, tmp_path / "backups", key_folder(data))
    assert list((tmp_path / "backups").iterdir()) == []
    assert [file.name for file in key_folder(data).iterdir()] == [RECORD]
    with pytest.raises(CannotBackUp, match="name the data folder of a stack that has run"):
        back_up(tmp_path, tmp_path / "backups", key_folder(data))


def test_dumps_of_servers_are_packed_and_given_back(tmp_path: Path) -> None:
    dumps = [tmp_path / f"{name}.dump" for name in ("ward", "payment_provider")]
    for dump in dumps:
        dump.write_bytes(dump.name.encode() * 100)
    runner, keys = CliRunner(env={"COLUMNS": "300"}), ("--keys", str(tmp_path / "keys"))
    packed = runner.invoke(app, ["backup", "pack", *map(str, dumps), "--to", str(tmp_path / "backups"), *keys])
    assert packed.exit_code == 0, packed.output
    (made,) = backups(tmp_path / "backups")
    listed = runner.invoke(app, ["backup", "list", "--to", str(tmp_path / "backups"), "--json", *keys])
    assert [(row["backup"], row["kind"], row["key"]) for row in json.loads(listed.output)] == [
        (made.name, "files", "there")
    ]
    done = runner.invoke(app, ["restore", str(made), "--into", str(tmp_path / "back"), *keys])
    assert done.exit_code == 0, done.output
    assert contents(tmp_path / "back") == {dump.name: dump.read_bytes() for dump in dumps}
    destroy = ["backup", "destroy-keys", "--before", "now", "--because", "erasure", *keys]
    assert "1 keys destroyed" in runner.invoke(app, destroy).output
    assert runner.invoke(app, ["backup", "check", str(made), *keys]).exit_code == 1
