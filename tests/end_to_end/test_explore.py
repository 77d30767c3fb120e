"""`sansha explore`: the table, the document, the page, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.console.cli.app import app

FEW = ("--payers", "6", "--jobs", "1")


def sansha(*arguments: str, columns: int = 140) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["explore", *arguments])


def test_the_table_has_a_row_for_each_case_and_the_page_is_written(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    done = sansha(*FEW, "--vary", "closing=15/eom,10/20/eom", "--html", str(file))
    assert done.exit_code == 0
    rows = [line.split() for line in done.output.splitlines() if line.startswith(("15/eom", "10/20/eom"))]
    assert [len(row) for row in rows] == [8, 8]
    assert "行き違い" in done.output
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_where_the_terminal_is_narrow_the_cases_are_numbered() -> None:
    done = sansha(*FEW, "--vary", "convenience_store_confirmation_business_days=3,5", columns=80)
    assert "  1  convenience_store_confirmation_business_days=3" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_as_a_document_each_case_has_its_figures_and_every_day() -> None:
    document = json.loads(sansha(*FEW, "--vary", "preliminary_delay=0d,5d", "--json").output)
    assert (document["payers"], document["fiscal_year"], document["to"]) == (6, 2021, "2022-05-31")
    assert [case["values"] for case in document["cases"]] == [{"preliminary_delay": "0d"}, {"preliminary_delay": "5d"}]
    for case in document["cases"]:
        assert len(case["days"]) == 426
        assert case["days"][-1]["cash"] == sum(s["deposited"] for s in case["settlements"])
        assert case["conserved"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vary", "closing=33"), "closing=33: closing_days closing day '33' must be 1 to 31 or eom"),
        (("--vary", "reminder_day=3"), "did you mean reminder_days"),
        (("--fiscal-year", "1999"), "is not from 2000 to"),
        (("--html", "/no/such/folder/page.html"), "is not a folder"),
    ],
)
def test_bad_input_is_told_in_one_line_before_anything_is_played(arguments: tuple[str, ...], message: str) -> None:
    done = sansha(*arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert len(done.output.splitlines()) == 1
