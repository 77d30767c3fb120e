"""The data folder's file says what the folder holds; what is missing at a start is named, with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.console.folder import StackFile

HELD = ("bus/groups.sqlite", "bus/ward.log.sqlite", "ward.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose file lists what it holds."""
    (tmp_path / "bus").mkdir()
    file = StackFile.open(tmp_path, None)
    for name in HELD:
        (tmp_path / name).touch()
    assert file.with_all(tmp_path).holds == HELD
    return tmp_path


def test_a_folder_opens_with_all_that_it_held_and_more(folder: Path) -> None:
    (folder / "card_agent.uc.db").touch()
    opened = StackFile.open(folder, None)
    assert opened.holds == HELD
    assert opened.with_all(folder).holds == tuple(sorted([*HELD, "card_agent.uc.db"]))
    assert StackFile.open(folder, None).with_all(folder) == opened.with_all(folder)


@pytest.mark.parametrize("name", HELD)
def test_what_is_missing_is_named_with_a_remedy(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ValueError, match=rf"held {name}: missing now; restore the whole folder from one backup"):
        StackFile.open(folder, None)


def test_the_file_itself_is_missed(folder: Path) -> None:
    (folder / "sansha.json").unlink()
    with pytest.raises(ValueError, match=r"holds .*ward.db, and sansha.json is missing.* restore it"):
        StackFile.open(folder, None)
    assert not (folder / "sansha.json").exists(), "no new secret is made for old tokens"


def test_a_folder_of_a_version_before_opens_and_is_listed(folder: Path) -> None:
    written = json.loads((folder / "sansha.json").read_text())
    (folder / "sansha.json").write_text(json.dumps({"seed": written["seed"], "secret": written["secret"]}))
    opened = StackFile.open(folder, None)
    assert (opened.secret, opened.holds) == (written["secret"], ())
    assert opened.with_all(folder).holds == HELD


@pytest.mark.parametrize("text", ["[]", "{", '{"seed": 1}', '{"seed": 1, "secret": "x", "holds": 3}', ""])
def test_a_damaged_file_is_named(folder: Path, text: str) -> None:
    (folder / "sansha.json").write_text(text)
    with pytest.raises(ValueError, match=r"sansha.json is damaged; restore it"):
        StackFile.open(folder, None)
