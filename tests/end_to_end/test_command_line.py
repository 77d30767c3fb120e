"""The command `sansha`: its output, on which stream, and its exit status."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.console.cli.app import main
from testbed.processes import Finished, environment, free_port_base, module

Sansha = Callable[..., Finished]

SMALL = ("demo", "--payments", "12", "--bank", "6")
DIGITS_OF_A_SLIP = "91912345001044103000123450100021080200085001"


@pytest.fixture
def sansha(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sansha:
    """Runs a command in this process; any exception but its exit fails the test."""

    def run(*arguments: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["sansha", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return Finished(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run


def in_its_own_process(*arguments: str, cwd: Path) -> Finished:
    done = subprocess.run(
        module("services.console", *arguments), cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def the_line(done: Finished) -> str:
    """The one line that says what was wrong and how to fix it."""
    assert done.status == 2, (done.out, done.err)
    assert done.out == ""
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert len(lines) == 1, done.err
    assert lines[0].startswith("sansha: ")
    return lines[0]


# ---- the demonstration ---------------------------------------------------------------------------------------

DOCUMENTED = {
    "seed", "digest", "wall_seconds", "simulated_days", "payments", "deposits", "totals", "reconciled", "conserved",
}  # fmt: skip
PAYMENT = {"id", "method", "amount", "timeline"}
STEP = {"event", "party", "at"}
DEPOSIT = {"agent", "closed_on", "deposited_on", "amount", "count"}
TOTALS = {
    "scanned", "approved", "declined", "receipts_registered", "receipts_yen", "deposits_yen", "undeposited_yen",
}  # fmt: skip


def test_the_demonstration_is_one_document_with_the_documented_fields(tmp_path: Path) -> None:
    done = in_its_own_process(*SMALL, "--json", cwd=tmp_path)
    assert done.status == 0, done.err
    document = json.loads(done.out)
    assert set(document) == DOCUMENTED | {"findings"}
    assert all(set(p) == PAYMENT | {"status"} for p in document["payments"])
    assert all(set(s) == STEP | {"detail"} for p in document["payments"] for s in p["timeline"])
    assert all(set(d) == DEPOSIT | {"reconciled"} for d in document["deposits"])
    assert set(document["totals"]) == TOTALS


def test_the_demonstration_adds_up(sansha: Sansha) -> None:
    done = sansha(*SMALL, "--json")
    assert done.status == 0, done.err
    document = json.loads(done.out)
    totals, payments = document["totals"], document["payments"]
    assert (document["reconciled"], document["conserved"], document["findings"]) == (True, True, [])
    assert [p["method"] for p in payments].count("card") == 12
    assert [p["method"] for p in payments].count("internet_banking") == 6
    assert totals["scanned"] == totals["approved"] + totals["declined"] == len(payments) == 18
    assert totals["receipts_yen"] == totals["deposits_yen"] + totals["undeposited_yen"]
    assert totals["deposits_yen"] == sum(d["amount"] for d in document["deposits"])
    assert document["simulated_days"] == 365
    for payment in payments:
        times = [step["at"] for step in payment["timeline"]]
        assert times == sorted(times)


def test_same_seed_same_digest_in_memory_and_in_files(sansha: Sansha, tmp_path: Path) -> None:
    def digest(*more: str) -> str:
        done = sansha(*SMALL, "--json", *more)
        assert done.status == 0, done.err
        return str(json.loads(done.out)["digest"])

    once, again = digest("--seed", "11"), digest("--seed", "11")
    in_files = digest("--seed", "11", "--database-dir", str(tmp_path / "kept"))
    assert once == again == in_files
    assert digest("--seed", "12") != once


def test_people_are_told_the_same_story(sansha: Sansha) -> None:
    done = sansha(*SMALL)
    assert done.status == 0, done.err
    for words in ("カード払い", "ネットバンキング", "入金", "消込済 reconciled", "監査 audit: conserved", "digest"):
        assert words in done.out


# ---- bad input -----------------------------------------------------------------------------------------------

BAD = {
    "a day that the calendar lacks": ("demo", "--from", "2021-02-30"),
    "no day": ("demo", "--to", "tomorrow"),
    "a day too far away": ("demo", "--from", "9999-01-01", "--to", "9999-12-31"),
    "an end before the beginning": ("demo", "--to", "2020-01-01"),
    "days too few for any instalment": ("demo", "--to", "2021-04-10"),
    "nothing to pay": ("demo", "--payments", "0", "--bank", "0"),
    "fewer than no payments": ("demo", "--payments", "-1"),
    "no number": ("demo", "--seed", "seven"),
    "a folder with something in it": ("demo", "--database-dir", "full"),
    "a file for a folder": ("demo", "--database-dir", "file"),
    "a folder below a file": ("demo", "--database-dir", "file/below"),
    "a stack in a file": ("up", "--database-dir", "file"),
    "a stack below a file": ("up", "--database-dir", "file/below", "--port-base", "FREE"),
    "a folder made with another seed": ("up", "--database-dir", "seeded", "--seed", "8", "--port-base", "FREE"),
    "a damaged folder": ("up", "--database-dir", "damaged", "--port-base", "FREE"),
    "a damaged log": ("up", "--database-dir", "damaged_log", "--port-base", "FREE"),
    "a folder that every user may write to": ("up", "--database-dir", "open", "--port-base", "FREE"),
    "a demonstration in a folder that every user may write to": ("demo", "--database-dir", "open"),
    "a folder whose database is gone": ("up", "--database-dir", "lost", "--port-base", "FREE"),
    "a folder whose seed and secret are gone": ("up", "--database-dir", "others", "--port-base", "FREE"),
    "no clock": ("up", "--clock", "fast"),
    "a clock that stands": ("up", "--clock", "scaled:0"),
    "a clock that runs backwards": ("up", "--clock", "scaled:-5"),
    "an unknown bus": ("up", "--bus", "carrier-pigeon:"),
    "a port too high": ("up", "--port-base", "65536"),
    "no port": ("up", "--port-base", "http"),
    "an unknown party": ("up", "--without", "nobody"),
    "no log level": ("up", "--log-level", "loud"),
    "no barcode": ("slip", "decode", "garbage"),
    "a barcode with a wrong check digit": ("slip", "decode", DIGITS_OF_A_SLIP[:-1] + "2"),
    "no means of payment": ("pay", DIGITS_OF_A_SLIP),
    "two places to pay at": ("pay", DIGITS_OF_A_SLIP, "--bank", "--at", "counter"),
    "a place that is none": ("pay", DIGITS_OF_A_SLIP, "--at", "vending-machine"),
    "two means of payment": ("pay", DIGITS_OF_A_SLIP, "--bank", "--card", "visa/approved"),
    "a card number that every user could see": ("pay", DIGITS_OF_A_SLIP, "--card", "4000000000000002"),
    "no card number on standard input": ("pay", DIGITS_OF_A_SLIP, "--card", "-"),
    "nothing to issue": ("slip", "issue"),
    "a slip without its amount": ("slip", "issue", "--insured", "0000000123"),
    "a CSV file that is not there": ("slip", "issue", "--csv", "nowhere.csv"),
    "no slips at all": ("slip", "list", "--limit", "0"),
    "no way to go": ("clock", "advance"),
    "two ways to go": ("clock", "advance", "--days", "1", "--to", "2021-08-01"),
    "backwards": ("clock", "advance", "--days", "-1"),
    "a time that is none": ("clock", "advance", "--to", "noon"),
    "dead letters of an unknown party": ("dead-letters", "replay", "nobody", "1"),
    "a mended event that is not JSON": ("dead-letters", "replay", "ward", "1", "--value", "{"),
    "an audit of a folder that is empty": ("audit", "--database-dir", "empty"),
    "an audit of no folder": ("audit", "--database-dir", "nowhere"),
    "an audit of a file": ("audit", "--database-dir", "file"),
    "an audit of what is no database": ("audit", "--database-dir", "garbage"),
    "an audit of other databases": ("audit", "--database-dir", "others"),
    "a command that is none": ("bribe",),
    "an option that is none": ("demo", "--cheat"),
    "an option without its value": ("demo", "--seed"),
    "an argument that is missing": ("explain",),
    "an explanation of a day that is none": ("explain", "1", "--on", "yesterday"),
    "an explanation of a day too far away": ("explain", "1", "--on", "1999-12-31"),
}
NO_STACK = {
    "slips": ("slip", "list"),
    "issue": ("slip", "issue", "--generate", "1"),
    "pay": ("pay", DIGITS_OF_A_SLIP, "--bank"),
    "pay by card": ("pay", DIGITS_OF_A_SLIP, "--card", "visa/approved"),
    "cards": ("cards",),
    "pay at a till": ("pay", DIGITS_OF_A_SLIP, "--at", "convenience-store"),
    "explain": ("explain", "1", "--on", "2021-07-01"),
    "reminders": ("reminders", "--crossed"),
    "clock": ("clock", "show"),
    "advance": ("clock", "advance", "--days", "1"),
    "letters": ("dead-letters", "list"),
    "replay": ("dead-letters", "replay", "ward", "1"),
}
PARTIES = ("ward", "payment_provider", "card_agent.jcb", "card_agent.uc")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with useless folders."""
    for folder in ("full", "empty", "seeded", "damaged", "damaged_log/bus", "garbage", "others", "open", "lost"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "file").touch()
    (tmp_path / "full" / "something").touch()
    (tmp_path / "seeded" / "sansha.json").write_text('{"seed": 7, "secret": ""}')
    (tmp_path / "lost" / "sansha.json").write_text('{"seed": 7, "secret": "", "holds": ["ward.db"]}')
    (tmp_path / "damaged" / "sansha.json").write_text("[]")
    (tmp_path / "damaged_log" / "bus" / "groups.sqlite").write_text("no database")
    for party in PARTIES:
        (tmp_path / "garbage" / f"{party}.db").write_text("no database")
        for statement in ("PRAGMA journal_mode=WAL", "CREATE TABLE others (thing)"):
            altered(tmp_path / "others" / f"{party}.db", statement)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_ends_in_one_clear_line(sansha: Sansha, here: Path, arguments: tuple[str, ...]) -> None:
    before = contents(here)
    line = the_line(sansha(*(str(free_port_base()) if a == "FREE" else a for a in arguments)))
    assert len(line) > 30, "the message says how to fix it"
    assert "Errno" not in line
    after = contents(here)
    assert {name: after.get(name) for name in before} == before, "nothing is lost"


@pytest.mark.parametrize("arguments", NO_STACK.values(), ids=NO_STACK)
def test_a_stack_that_is_not_there_is_said_in_one_line(sansha: Sansha, arguments: tuple[str, ...]) -> None:
    line = the_line(sansha(*arguments, "--port-base", str(free_port_base())))
    assert "does not answer" in line
    assert "sansha up" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize("command", [("demo",), ("up", "--port-base", "FREE")])
def test_a_folder_that_may_not_be_written_to(sansha: Sansha, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    arguments = [str(free_port_base()) if a == "FREE" else a for a in command]
    assert str(folder) in the_line(sansha(*arguments, "--database-dir", str(folder)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("command", [("demo",), ("up", "--port-base", "FREE")])
def test_a_folder_of_another_user_is_refused(sansha: Sansha, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12_345, -1)
    arguments = [str(free_port_base()) if a == "FREE" else a for a in command]
    assert f"{folder} belongs to another user" in the_line(sansha(*arguments, "--database-dir", str(folder)))


@pytest.mark.parametrize("name", ["no day", "no clock", "no barcode", "an audit of what is no database"])
def test_bad_input_shows_no_traceback_to_a_user(here: Path, name: str) -> None:
    line = the_line(in_its_own_process(*BAD[name], cwd=here))
    assert "Traceback" not in line


def test_help_is_shown_to_whoever_asks_for_nothing(sansha: Sansha) -> None:
    shown = sansha()
    assert (shown.status, shown.err) == (2, "")
    assert "demo" in shown.out
    assert sansha("--help").status == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- barcodes ------------------------------------------------------------------------------------------------

VECTORS = (
    ("91912345012345678901234567890101033101230003", "2001-03-31", 123_000),
    ("91942386178953917853935692730103073110312903", "2003-07-31", 31_290),
    ("91929023252070000010123499900199999900106050", None, 10_605),
    (DIGITS_OF_A_SLIP, "2021-08-02", 8_500),
)


@pytest.mark.parametrize(("digits", "use_by", "amount"), VECTORS)
def test_a_barcode_is_decoded(sansha: Sansha, digits: str, use_by: str | None, amount: int) -> None:
    done = sansha("slip", "decode", digits, "--json")
    document = json.loads(done.out)
    assert document["issuer"] == digits[2:8]
    assert document["slip_number"] == digits[8:29]
    assert document["reissue"] == int(digits[29])
    assert (document["use_by"], document["amount"], document["digits"]) == (use_by, amount, digits)
    first, second = document["human_readable"].splitlines()
    assert first == f"(91){digits[2:8]}-{digits[8:30]}"
    assert second == f"{digits[30:36]}-{digits[36]}-{digits[37:43]}-{digits[43]}"
    assert done.status == (0 if document["refusal"] is None else 1)


@pytest.mark.parametrize(("day", "status"), [("2021-08-02", 0), ("2021-08-03", 1)])
def test_a_barcode_can_be_paid_until_its_use_by_date(sansha: Sansha, day: str, status: int) -> None:
    assert sansha("slip", "decode", DIGITS_OF_A_SLIP, "--on", day).status == status


# ---- the audit -----------------------------------------------------------------------------------------------


@pytest.fixture
def played(sansha: Sansha, tmp_path: Path) -> Path:
    folder = tmp_path / "played"
    assert sansha(*SMALL, "--database-dir", str(folder)).status == 0
    return folder


def altered(database: Path, statement: str, *values: Any) -> list[Any]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def findings(sansha: Sansha, folder: Path) -> list[tuple[str, str]]:
    done = sansha("audit", "--database-dir", str(folder), "--json")
    assert done.status == 1, done.out
    document = json.loads(done.out)
    assert document["conserved"] is False
    return [(f["code"], f["subject"]) for f in document["findings"]]


def test_the_audit_of_a_demonstration_is_clean(sansha: Sansha, played: Path) -> None:
    done = sansha("audit", "--database-dir", str(played))
    assert done.status == 0, done.out
    document = json.loads(sansha("audit", "--database-dir", str(played), "--json").out)
    assert (document["conserved"], document["findings"], document["under_way"]) == (True, [], 0)
    assert document["receipts_yen"] == document["promised_yen"] > 0


def test_the_audit_names_a_receipt_that_is_missing(sansha: Sansha, played: Path) -> None:
    ((payment_id,),) = altered(played / "ward.db", "SELECT min(payment_id) FROM receipts WHERE kind = '02'")
    altered(played / "ward.db", "DELETE FROM receipts WHERE payment_id = ? AND kind = '02'", payment_id)
    assert ("receipt_lost", payment_id) in findings(sansha, played)
    assert payment_id in sansha("audit", "--database-dir", str(played)).out


def test_the_audit_names_a_deposit_that_is_there_twice(sansha: Sansha, played: Path) -> None:
    ward = played / "ward.db"
    names = [row[1] for row in altered(ward, "PRAGMA table_info(deposits)")]
    values = ", ".join("'doubled'" if name == "deposit_id" else name for name in names)
    altered(ward, f"INSERT INTO deposits SELECT {values} FROM deposits LIMIT 1")
    assert ("deposits_only_at_ward", "doubled") in findings(sansha, played)


def test_the_audit_names_every_yen_of_an_amount_that_was_changed(sansha: Sansha, played: Path) -> None:
    agent = played / "card_agent.uc.db"
    altered(agent, "UPDATE closings SET amount = amount + 1 WHERE deposited_on IS NOT NULL")
    assert {code for code, _ in findings(sansha, played)} >= {"statement_total_differs"}
