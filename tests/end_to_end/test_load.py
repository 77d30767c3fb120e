"""`sansha load`: on a new stack, on a running one, on an external ward; and comparison of results."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench.peers.naive import NaiveWard
from services.chassis.bus.sqlite_log import SqliteLog
from testbed.processes import Finished, Running, eventually, finished, module
from testbed.running_stack import CONSOLE, Stack

SHORT = ("--rate", "100", "--duration", "2s", "--warm-up", "1s")
SLIPS = "slip_number,amount,barcode\n" + "".join(f"{n:021},{5_000 + n},\n" for n in range(1, 101))


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A running stack whose clock is real time."""
    stack = Stack(tmp_path, "--clock", "real")
    await stack.start()
    yield stack
    await stack.close()


def target(stack: Stack) -> tuple[str, ...]:
    return ("--target", f"embedded:{stack.data / 'bus'}")


async def load(cwd: Path, *arguments: str) -> Finished:
    return await finished(*module(CONSOLE, "load", *arguments), cwd=cwd)


def document(done: Finished) -> Any:
    assert done.status == 0, done.err
    return json.loads(done.out)


async def test_receipts_on_a_stack_of_its_own_are_registered_once(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('unregistered = {max = 0}\n"end_to_end.p99_ms" = {max = 60000}\n')
    wanted = ("--report", "load.html", "--thresholds", str(limits))
    done = await load(tmp_path, "receipts", *SHORT, "--json", *wanted)
    found = document(done)
    assert (found["sent"], found["registered"], found["audit"]["registered_once"]) == (300, 300, 300)
    assert found["latencies"]["end_to_end"]["count"] == 200
    assert found["parties"]["ward"]["memory_mb"] > 10
    assert "flushed=before a commit is heard of" in found["environment"]["ward_database"]
    assert done.err.count("passed") == 2
    assert (tmp_path / "load.html").read_text(encoding="utf-8").startswith("<!doctype html>")


async def test_a_missed_threshold_is_exit_1(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text("throughput = {min = 1000000}\n")
    done = await load(tmp_path, "receipts", "--rate", "50", "--count", "50", "--thresholds", "limits.toml")
    assert done.status == 1
    assert "missed  throughput >= 1e+06" in done.out
    assert "監査 audit: 300 receipts, each registered once" in done.out


async def test_on_a_stack_that_runs_every_test_has_slips_of_its_own(stack: Stack) -> None:
    for arguments in (("receipts",), ("payments", "--bulk", "20"), ("payments",)):
        found = document(await stack.sansha("load", *arguments, "--count", "60", *target(stack), "--json"))
        assert found["audit"]["registered_once"] == found["sent"] == 2_060
        assert found["refused"] == 0
    overpaid = await stack.get("ward", "/overpayments")
    assert overpaid == []


async def test_every_step_of_a_payment_is_timed(stack: Stack) -> None:
    done = await stack.sansha("load", "payments", "--rate", "40", "--duration", "2s", *target(stack), "--json")
    latencies = document(done)["latencies"]
    assert list(latencies) == ["accepted", "authorized", "taken_on", "delivered", "registered", "end_to_end"]
    assert {spread["count"] for spread in latencies.values()} == {80}
    longest = latencies["end_to_end"]["most"]
    assert all(0 < spread["most"] <= longest for spread in latencies.values())


async def test_with_a_stepped_clock_payments_are_followed_until_they_are_reconciled(tmp_path: Path) -> None:
    done = await load(tmp_path, "payments", "--bulk", "50", "--count", "100", "--until-reconciled", "--json")
    assert document(done)["reconciled_in"] > 0


async def test_a_running_clock_is_not_moved(stack: Stack) -> None:
    done = await stack.sansha("load", "payments", "--count", "10", "--until-reconciled", *target(stack))
    assert done.status == 2
    assert "start it with --clock stepped" in done.err


async def test_ctrl_c_ends_the_arrivals_and_still_reports(tmp_path: Path) -> None:
    command = module(CONSOLE, "load", "receipts", "--rate", "50", "--duration", "2m", "--warm-up", "1s", "--json")
    async with Running(command, tmp_path, tmp_path / "log") as running:

        async def underway() -> bool:
            return "measuring" in running.said

        await eventually(underway, "the measured part")
        status = await running.end(signal.SIGINT)
    found = json.loads(running.said[running.said.index("{") :])
    assert (status, found["was_stopped"], found["audit"]["missing"]) == (0, True, 0)
    assert 0 < found["registered"] == found["sent"] < 6_000


async def test_a_ward_of_ones_own_behind_the_same_topic(tmp_path: Path) -> None:
    stack = Stack(tmp_path, "--clock", "real", "--without", "ward")
    (tmp_path / "slips.csv").write_text(SLIPS)
    await stack.start()
    bus = SqliteLog(stack.data / "bus")
    ward = NaiveWard(bus, f"sqlite:///{tmp_path}/naive.db")
    await ward.start({f"{n:021}": 5_000 + n for n in range(1, 101)})
    working = asyncio.create_task(ward.consume(300))
    try:
        command = ("load", "receipts", "--group", "naive", "--slips", "slips.csv", *SHORT, *target(stack), "--json")
        found = document(await stack.sansha(*command))
        assert (found["registered"], found["audit"]) == (300, None)
        assert await working == 300
        assert (await ward.stop()).receipts == 300
    finally:
        working.cancel()
        await ward.close()
        await bus.close()
        await stack.close()


async def test_a_ward_that_registers_nothing_is_given_up_with_exit_1(tmp_path: Path) -> None:
    stack = Stack(tmp_path, "--clock", "real", "--without", "ward")
    (tmp_path / "slips.csv").write_text(SLIPS)
    await stack.start()
    try:
        patience = ("--slips", "slips.csv", "--patience", "2s")
        done = await stack.sansha("load", "receipts", *SHORT, *patience, *target(stack))
    finally:
        await stack.close()
    assert done.status == 1
    assert "receipts were not registered" in done.out


async def test_two_runs_are_compared(tmp_path: Path) -> None:
    for name, rate in (("a", "50"), ("b", "100")):
        done = await load(tmp_path, "receipts", "--rate", rate, "--duration", "1s", "--warm-up", "1s", "--json")
        (tmp_path / f"{name}.json").write_text(done.out)
    done = await load(tmp_path, "compare", "a.json", "b.json")
    assert done.status == 0
    assert "rate: 50.0 / 100.0" in done.out
    found = document(await load(tmp_path, "compare", "a.json", "b.json", "--json"))
    figures = {row["figure"]: row for row in found["figures"]}
    assert figures["throughput"]["verdict"] == "better"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("receipts", "--rate", "5", "--max"), "give either --rate R or --max"),
        (("receipts", "--rate", "5", "--duration", "5s", "--count", "5"), "give either --duration or --count"),
        (("receipts", "--rate", "5", "--duration", "five"), "'five' is not a duration; write it like 30s, 5m or 1h"),
        (("receipts", "--target", "embedded:nowhere"), "nowhere is not an embedded log's folder"),
        (("receipts", "--target", "http://127.0.0.1"), "is none of kafka://HOST:PORT, embedded:FOLDER"),
        (("receipts", "--slips", "empty.csv"), "empty.csv has no column slip_number"),
        (("receipts", "--thresholds", "empty.csv"), "empty.csv names no figure"),
        (("receipts", "--report", "no/such/folder.html"), "no/such is not a folder"),
        (("compare", "empty.csv", "empty.csv"), "empty.csv is not a result"),
    ],
)
async def test_bad_input_is_told_in_one_line_before_anything_is_started(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("")
    done = await load(tmp_path, *arguments)
    assert done.status == 2
    assert says in done.err
    assert len(done.err.splitlines()) == 1
