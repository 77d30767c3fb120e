"""`sansha books` on a folder that a demonstration left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.cli.app import app

WIDE = {"COLUMNS": "200"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("books") / "data")
    done = CliRunner().invoke(app, ["demo", "--payments", "12", "--bank", "6", "--database-dir", folder, "--json"])
    assert done.exit_code == 0, done.output
    return folder


def test_a_day_in_words(played: str) -> None:
    said = CliRunner(env=WIDE).invoke(app, ["books", "--database-dir", played, "--on", "2021-12-24"])
    assert said.exit_code == 0
    for words in ("at the end of 2021-12-24", "指定金融機関口座", "カード会社未収金", "who owes whom", "収入未済"):
        assert words in said.output


def test_as_a_document_the_last_day_is_that_of_the_audit(played: str) -> None:
    stands, audited = (
        json.loads(CliRunner().invoke(app, [command, "--database-dir", played, "--json"]).output)
        for command in ("books", "audit")
    )
    assert stands["parties"]["ward"]["balances"]["bank_account"] == audited["deposits_yen"]
    owed = [d for d in stands["owed"] if d["for"] == "received_not_deposited"]
    assert sum(d["by_debtors_books"] for d in owed) == audited["undeposited_yen"]
    assert all(d["agrees"] for d in stands["owed"])


def test_before_the_first_day_nobody_owes_anything(played: str) -> None:
    said = CliRunner().invoke(app, ["books", "--database-dir", played, "--on", "2020-04-01", "--json"])
    assert json.loads(said.output)["owed"] == []


def test_a_day_after_the_last_booking_is_said_to_be_one(played: str) -> None:
    said = CliRunner(env=WIDE).invoke(app, ["books", "--database-dir", played, "--on", "2030-01-01"])
    assert said.exit_code == 0
    assert "nothing is booked after 2022-" in said.output


def test_bad_input_is_told_in_words(played: str, tmp_path: Path) -> None:
    no_day = CliRunner(env=WIDE).invoke(app, ["books", "--database-dir", played, "--on", "yesterday"])
    assert no_day.exit_code == 2
    assert "write it like 2021-08-02" in no_day.output
    nowhere = CliRunner(env=WIDE).invoke(app, ["books", "--database-dir", str(tmp_path / "nowhere")])
    assert nowhere.exit_code == 2
    assert "name the folder of a stack or a demo" in nowhere.output
