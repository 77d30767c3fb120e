"""How the bench prints where the time went, and its message if it cannot run."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench import growth, ledger_fill, receipt_matching, years
from bench.growth import Ledger, table, too_slow
from bench.growth_ward import Place, Registered, Repartitioned, Task, ward_of
from bench.ledger_fill import Filling
from bench.receipt_files import measure
from bench.stages import shares, since, stage_seconds
from contracts.topics import RECEIPTS
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import BusError
from services.chassis.service import topic_specs
from services.chassis.telemetry import STAGES, Metrics
from testbed.docker_engine import NO_ENGINE
from testbed.processes import ROOT, environment, module


def test_the_stages_are_read_from_the_metrics() -> None:
    metrics = Metrics()
    before = stage_seconds(metrics.exposition())
    metrics.stage_ended("commit", metrics.began() - 2.0)
    spent = since(before, stage_seconds(metrics.exposition()))
    assert set(spent) == set(STAGES)
    assert {stage: round(seconds) for stage, seconds in spent.items() if seconds} == {"commit": 2}


def test_shares_begin_with_the_largest_and_end_with_what_remains() -> None:
    parts = {"fetch": 1.0, "handlers": 6.0, "decode": 0.01}
    assert shares(parts, 10.0) == "handlers 60% · fetch 10%"
    assert shares(parts, 10.0, rest="other") == "handlers 60% · fetch 10% · other 30%"


def test_without_a_docker_engine_it_says_so_in_one_line() -> None:
    no_engine = environment(DOCKER_HOST="unix:///nobody/answers/here")
    done = subprocess.run(module("bench.stack"), cwd=ROOT, env=no_engine, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"bench: {NO_ENGINE}\n")


def test_receipt_files_are_measured_in_both_layouts_and_read_whole(tmp_path: Path) -> None:
    fixed, csv = measure(tmp_path, 6_000)
    assert (fixed.layout, csv.layout) == ("fixed", "csv")
    assert fixed.records == csv.records == 6_000
    assert (tmp_path / "receipts.fixed").stat().st_size == 122 * (6_000 + 3)
    assert all(one.read_seconds > 0 and 0 <= one.grown_mib < 20 for one in (fixed, csv))
    assert "6,000 in" in next(fixed.lines())


def test_a_receipt_file_is_matched_whole_in_bounded_memory(tmp_path: Path) -> None:
    matched = receipt_matching.measure(tmp_path, 4_000)
    assert matched.records == 4_000
    assert 0 <= matched.grown_mib < 40
    assert "4,000 in" in next(matched.lines())


def test_a_year_is_measured_by_the_payment() -> None:
    year = years.measure(20)
    assert year.payments == 20
    assert year.microseconds_each == pytest.approx(1e6 * year.cpu_seconds / 20)
    assert f"{year.microseconds_each:,.0f} µs for each payment" in year.line()


def test_growth_is_what_a_payment_of_the_largest_year_costs_more_than_one_of_the_smallest() -> None:
    small, middle, large = (
        years.Year(n, 1.0, cpu, 100, "", conserved=True, reconciled=True)
        for n, cpu in ((1_000, 2.0), (5_000, 100.0), (100_000, 250.0))
    )
    assert years.growth([large, small, middle]) == pytest.approx(1.25)
    assert years.growth([small]) == 1.0


# ---- growth --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filling", [Filling(0, 30), Filling(10, 30), Filling(1_000, 30)])
def test_unpaid_slips_are_as_many_as_wanted_and_spread_over_all(filling: Filling) -> None:
    numbers = [number for number, _ in filling.unpaid_slips()]
    assert len(set(numbers)) == len(numbers) == 30
    assert numbers[0] == "001041210000000001011"
    assert {len(number) for number in numbers} == {21}
    last = 30 * filling.step - filling.step
    assert numbers[-1] == ledger_fill.slip_number(last)
    assert filling.slips - 2 * filling.unpaid < last < filling.slips


@pytest.mark.parametrize("paid", [0, 1_000])
async def test_a_filled_ledger_is_what_the_ward_leaves_behind(tmp_path: Path, paid: int) -> None:
    task = Task(Place(f"sqlite:///{tmp_path / 'ward.db'}", "memory:"), RECEIPTS.partitions, 0)
    async with ward_of(task):
        pass
    await ledger_fill.fill(task.place.database_url, filling := Filling(paid, 30))
    rows = _rows(tmp_path / "ward.db", "SELECT slip_number, amount, received FROM slips")
    assert {(number, yen) for number, yen, received in rows if not received} == set(filling.unpaid_slips())
    assert len(rows) == paid + 30
    joined = """SELECT count(DISTINCT r.payment_id), count(*), min(length(r.payment_id)), max(length(r.payment_id))
        FROM receipts r JOIN slips s ON s.slip_number = r.slip_number AND s.received = r.amount AND s.amount = r.amount
        JOIN transfers t ON t.source = 'receipt/' || r.payment_id || '/01' AND t.amount = r.amount"""
    assert _rows(tmp_path / "ward.db", joined) == [(paid, paid, *((36, 36) if paid else (None, None)))]
    async with ward_of(task) as ward:  # it reads them as its own
        assert sum(view.balance for view in await ward.queries.balances()) == 0
        assert len((await ward.books()).transfers) == paid


def _rows(path: Path, query: str) -> Sequence[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_a_topic_can_be_tried_with_other_partitions_and_only_that_way() -> None:
    bus = MemoryBus()
    other = Repartitioned(bus, RECEIPTS.name, 16)
    await other.create_topics(topic_specs())
    await other.create_topics(topic_specs())
    assert len(await other.end_offsets([RECEIPTS.name])) == 16
    with pytest.raises(BusError, match=RECEIPTS.name):
        await bus.create_topics(topic_specs())


def _measured(rows: int, seconds: float) -> Ledger:
    figures = [Registered(1_000, seconds / 2, 0.1, 90.0), Registered(1_000, seconds / 2, 0.2, 95.0)]
    return Ledger(rows, 4, rounds=2, receipts=3_000, figures=figures)


def test_the_largest_ledger_is_compared_with_the_next_that_is_not_empty() -> None:
    empty, small, large = _measured(0, 0.1), _measured(10, 1.0), _measured(100, 1.9)
    assert not too_slow([large, empty, small])
    assert too_slow([empty, small, _measured(100, 2.1)])
    assert not too_slow([empty, _measured(100, 2.1)])


def test_the_table_shows_ratios_to_its_first_line() -> None:
    heading, first, second = table([_measured(0, 1.0), _measured(1_000_000, 2.0)])
    assert heading.split()[:4] == ["ledger", "rows", "partitions", "receipts/s"]
    assert first.split() == ["0", "4", "2,000", "1.00", "150.0", "95"]
    assert second.split() == ["1,000,000", "4", "1,000", "0.50", "150.0", "95"]
    assert len(heading) == len(first) == len(second)


def test_growth_is_measured_in_a_ward_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--rows", "0", "600", "--partitions", "1", "--receipts", "2000", "--rounds", "1"]
    assert growth.main(["--on", "embedded", *short]) == 0
    printed = capsys.readouterr().out.splitlines()
    measured = [line.split() for line in printed if line.split()[0:1] in (["0"], ["600"])]
    assert [(rows, partitions) for rows, partitions, *_ in measured] == [("0", "4"), ("600", "4"), ("0", "1")]
    assert all(float(resident) > 20 for *_, resident in measured)


def test_growth_refuses_to_measure_less_than_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        growth.main(["--receipts", "100"])
    assert "at least 2000" in capsys.readouterr().err
