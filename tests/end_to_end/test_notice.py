"""`sansha notice`: written from a demonstration's folder or a running stack, and compared with the ward's records."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.formats import zengin_file
from contracts.formats.zengin_file import LINE_BYTES
from contracts.vocabulary import Yen
from services.console.books.bank_notice import WARD_ACCOUNT, read
from services.console.cli.app import app
from tests.unit.damaged_files import put

FETCHED = date(2022, 4, 1)
each_kind = pytest.mark.parametrize("kind", ["01", "03"])


def sansha(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["notice", *map(str, arguments)])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notice") / "data"
    options = ["--payments", "12", "--bank", "6", "--database-dir", str(folder), "--json"]
    done = CliRunner().invoke(app, ["demo", *options])
    assert done.exit_code == 0, done.output
    return folder


def notice(played: Path, *options: str) -> bytes:
    done = sansha("write", "--database-dir", played, *options)
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


@each_kind
def test_a_notice_is_written_as_bytes_and_agrees_with_the_ward(played: Path, tmp_path: Path, kind: str) -> None:
    content, file = notice(played, "--kind", kind), tmp_path / "notice.txt"
    assert content[1:3].decode() == kind
    assert len(content) % LINE_BYTES == 0
    said = sansha("write", "--database-dir", played, "--kind", kind, "--out", file)
    assert (said.exit_code, said.stdout, file.read_bytes()) == (0, "", content)
    assert "deposits, ¥" in said.stderr
    done = sansha("read", file, "--database-dir", played)
    assert done.exit_code == 0, done.output
    for words in ("令和3年", "2021-", "丙 UC", "ﾕ-ｼ-ｶ-ﾄﾞ(ｶ", "金融機関 bank network", "合計 total", "消込 the ward has"):
        assert words in done.output


@each_kind
def test_as_a_document_it_adds_up_to_what_the_audit_says(played: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "notice.txt"
    file.write_bytes(notice(played, "--kind", kind))
    document = json.loads(sansha("read", file, "--database-dir", played, "--json").stdout)
    audited = json.loads(CliRunner().invoke(app, ["audit", "--database-dir", str(played), "--json"]).stdout)
    (shown,) = document["notices"]
    assert document["agrees"]
    assert (shown["kind"], shown["compared"], shown["differences"]) == (kind, True, [])
    assert shown["came_in"] == {"deposits": len(shown["rows"]), "yen": audited["deposits_yen"]}
    assert shown["balance_after"] == (audited["deposits_yen"] if kind == "03" else None)


@each_kind
def test_what_does_not_agree_is_named_and_nothing_is_changed(played: Path, tmp_path: Path, kind: str) -> None:
    """The first row has another amount, the second is there twice, the third is missing."""
    whole, file = notice(played, "--kind", kind), tmp_path / "notice.txt"
    (parsed,) = read([whole], FETCHED)
    first, second, third, *rest = [t.row for t in parsed.rows]
    changed = [first._replace(amount=Yen(first.amount + 1)), second, second, *rest]
    file.write_bytes(b"".join(zengin_file.write([(parsed.header, changed)])))
    done = sansha("read", file, "--database-dir", played)
    assert done.exit_code == 1, done.output
    assert "3 differences" in done.output
    for words in ("金額相違 the amounts differ", "区に記録なし in the notice", "通知になし recorded by the ward"):
        assert words in done.output
    document = json.loads(sansha("read", file, "--database-dir", played, "--json").stdout)
    found = {d["code"]: d for d in document["notices"][0]["differences"]}
    assert (document["agrees"], len(found)) == (False, 3)
    assert (found["amount_differs"]["told"], found["amount_differs"]["booked"]) == (first.amount + 1, first.amount)
    assert (found["not_at_ward"]["line"], found["not_at_ward"]["told"]) == (4, second.amount)
    assert found["not_in_notice"]["booked"] == third.amount
    assert notice(played, "--kind", kind) == whole


@each_kind
def test_a_period_without_deposits_is_a_notice_without_rows(played: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "notice.txt"
    file.write_bytes(notice(played, "--kind", kind, "--from", "2021-04-01", "--to", "2021-04-30"))
    assert file.stat().st_size == 3 * LINE_BYTES
    done = sansha("read", file, "--database-dir", played)
    assert done.exit_code == 0, done.output
    assert "合計 total 0, ¥0" in done.output


@each_kind
def test_a_damaged_file_is_refused_by_line_and_byte(played: Path, tmp_path: Path, kind: str) -> None:
    whole, file = notice(played, "--kind", kind), tmp_path / "notice.txt"
    place = 20 if kind == "01" else 25
    for content, words in (
        (put(whole, 3, place, b"12x", LINE_BYTES), (f"line 3, byte {2 * LINE_BYTES + place}", "digits belong here")),
        (whole[: 2 * LINE_BYTES], ("line 3, byte 405", "trailer (8) is missing")),
        (whole[:LINE_BYTES] + whole[2 * LINE_BYTES :], ("(count)", "the records before make")),
        (whole[:-2], ("(truncated)", "200 bytes and then CRLF")),
        (b"", ("(missing_end)", "line 1, byte 1")),
    ):
        file.write_bytes(content)
        for more in ((), ("--json",)):
            done = sansha("read", file, "--database-dir", played, *more)
            assert (done.exit_code, done.stdout) == (2, ""), done.output
            for said in words:
                assert said in done.stderr


def test_accounts_of_others_are_not_compared(played: Path, tmp_path: Path) -> None:
    file = tmp_path / "notice.txt"
    (parsed,) = read([notice(played)], FETCHED)
    mine = (parsed.header, [t.row for t in parsed.rows])
    account = WARD_ACCOUNT._replace(account_number="7654321")
    other = (parsed.header._replace(account=account), mine[1][:2])
    file.write_bytes(b"".join(zengin_file.write([mine, other])))
    both = sansha("read", file, "--database-dir", played)
    assert both.exit_code == 0, both.output
    assert "not compared: the account is not the ward's" in both.output
    file.write_bytes(b"".join(zengin_file.write([other])))
    alone = sansha("read", file, "--database-dir", played)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "is about 0001-110-1-7654321; the ward's account is 0001-110-1-1234567" in alone.stderr


def test_two_digits_of_a_year_are_of_the_day_it_was_received(played: Path, tmp_path: Path) -> None:
    file = tmp_path / "notice.txt"
    file.write_bytes(notice(played, "--from", "2021-08-01", "--to", "2021-08-31"))
    done = sansha("read", file, "--database-dir", played, "--received", "2000-04-01", "--json")
    (shown,) = json.loads(done.stdout)["notices"]
    assert (done.exit_code, shown["from"]) == (1, "1991-08-01")


def test_bad_input_is_told_in_words(played: Path, tmp_path: Path) -> None:
    nowhere = sansha("write", "--database-dir", tmp_path / "nowhere")
    no_ward = sansha("read", __file__, "--database-dir", tmp_path / "nowhere")
    backwards = sansha("write", "--database-dir", played, "--from", "2021-08-02", "--to", "2021-08-01")
    no_folder = sansha("write", "--database-dir", played, "--out", tmp_path / "nowhere" / "notice.txt")
    no_file = sansha("read", tmp_path / "nowhere.txt", "--database-dir", played)
    no_kind = sansha("write", "--kind", "02", "--database-dir", played)
    for done, words in (
        (nowhere, "has no payment_provider.db; name the folder of a stack or a demo"),
        (no_ward, "has no ward.db"),
        (backwards, "--from 2021-08-02 is after --to 2021-08-01"),
        (no_folder, "cannot be written"),
        (no_file, "does not exist"),
        (no_kind, "is not one of"),
    ):
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        assert words in done.stderr
