"""How the duties stand, on a screen of 80 columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from services.console.cli.app import app
from services.console.cli.duties_screen import Language, print_duty, print_summary, print_table, signs
from services.console.duties.standing import Standing
from tests.unit.standings import LATE, all_kept, checks, standing, unsealed

COLUMNS = 80
LONG = "[red]" + "a finding of many words, " * 12


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, of: Standing, language: Language) -> str:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    print_summary(of)
    print_table(of, of.states, language)
    return capsys.readouterr().out


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("of", [standing, all_kept, unsealed, lambda: standing(checked=checks(False, LONG))])
def test_the_table_fits_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: Language, of: object
) -> None:
    text = shown(capsys, monkeypatch, of(), language)  # type: ignore[operator]
    assert [line for line in text.splitlines() if cell_len(line) > COLUMNS] == []
    assert len([line for line in text.splitlines() if line.startswith("D-")]) >= 21


def test_what_was_missed_is_said_below_its_duty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, standing(), Language.ENGLISH).splitlines()
    assert lines[0] == "個人情報の保護 2022-04-05: 52 duties, 2 missed 未履行"
    at = next(n for n, line in enumerate(lines) if line.startswith("D-18") and "missed" in line)
    assert "丙 UC" in lines[at]
    assert lines[at + 1].strip().startswith("丙 UC: a record in each fiscal year: training held: was owed by")
    kept = next(line for line in lines if line.startswith("D-18") and "due 2023-03-31" in line)
    assert "乙 丙 JCB" in kept
    japanese = shown(capsys, monkeypatch, standing(), Language.JAPANESE)
    assert "年度ごとの記録：研修の実施：2022-03-31 までになかった" in "".join(japanese.split("\n       "))


def test_a_year_without_a_missed_duty_is_said_in_the_first_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(capsys, monkeypatch, all_kept(), Language.ENGLISH).startswith(
        "個人情報の保護 2022-04-05: 52 duties, none missed 未履行なし\n"
    )


def test_one_duty_shows_records_findings_and_how_to_open_them(capsys: pytest.CaptureFixture[str]) -> None:
    of = standing(checked=checks(False, LONG))
    print_duty(of, [state for state in of.states if state.duty.number == "D-18"])
    text = capsys.readouterr().out
    for part in (
        "従事者に研修を行い",
        "staff are trained",
        "training_held-payment_provider",
        "held in 乙 甲",
        "attendees: 14",
    ):
        assert part in text
    assert (
        "curl -H \"Authorization: Bearer $SANSHA_KEY\" 'http://payment_provider/duties/records?kind=training_held'"
        in text
    )
    print_duty(of, [state for state in of.states if state.duty.number == "C-S7"])
    text = capsys.readouterr().out
    assert "[red]a finding" in text, "text of others is no markup"
    assert "curl http://card_agent.uc/openapi.json" in text


def test_parties_are_named_by_their_signs() -> None:
    assert signs(["ward", "payment_provider"]) == "甲 乙"
    assert signs(["payment_provider", "card_agent.jcb", LATE]) == "乙 丙"
    assert signs(["payment_provider", LATE]) == "乙 丙 UC"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("duties", "D-99"), "there is no duty 'D-99'; there are A-O1 to D-21"),
        (
            ("duties", "c-s1", "--party", "ward"),
            "C-S1 is no duty of ward; it is owed by payment_provider, card_agent.jcb",
        ),
        (("duties", "--party", "broker"), "there is no party 'broker'"),
        (("duties", "--database-dir", "nowhere"), "nowhere has no ward.db"),
        (("duties", "--on", "later"), "'later' is not a day"),
    ],
)
def test_what_cannot_be_shown_ends_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.output + str(done.exception)
