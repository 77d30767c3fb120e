"""What a load test makes of its figures: histograms, thresholds, comparisons, the page, JSON that can be read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.console.load.comparing import Compared, compared, differing
from services.console.load.page import page
from services.console.load.parties import PartyUse, Reading
from services.console.load.recording import Latencies, Recorder, percentiles
from services.console.load.results import AuditFound, LoadResult, figure_names, figures, read_result
from services.console.load.slips import NoSlips, Payable, read_slips
from services.console.load.thresholds import BadThresholds, check, read_thresholds, require_known

CLEAN = AuditFound(sent=100, registered_once=100, missing=0, twice=0, wrong_amount=0, sent_yen=500, registered_yen=500)


def recorded() -> Recorder:
    """A hundred, one every 20 ms from second 1 on, each registered 1 to 100 ms after it was meant to come."""
    recorder = Recorder(["accepted"])
    recorder.zero = 1.0
    for n in range(100):
        at = 1.0 + n * 0.02
        recorder.close_seconds(at)
        recorder.sent += 1
        recorder.took("accepted", at, 0.001)
        recorder.was_registered(at, at, at + (n + 1) / 1000)
    recorder.close_seconds(4.0)
    return recorder


def result(**changes: Any) -> LoadResult:
    recorder = recorded()
    known: dict[str, Any] = {
        "workload": "receipts",
        "began_at": "2026-11-28T04:00:00+00:00",
        "asked": {"rate": 50.0, "shape": "constant"},
        "environment": {"bus": "in memory", "partitions": 4},
        "sent": 100,
        "registered": 100,
        "seconds": 2.0,
        "throughput": 50.0,
        "latencies": dict(recorder.spreads()),
        "behind_most": 0.002,
        "lag_most": 7,
        "drained_in": 0.1,
        "parties": {
            "ward": PartyUse(1, 1.5, 150.0, 61.0, {"handlers": 0.5, "fetch": 1.0}, {"handlers": 20, "fetch": 21})
        },
        "load_cpu_seconds": 0.4,
        "each_second": recorder.seconds(),
        "audit": CLEAN,
    }
    return LoadResult(**{**known, **changes})


# ---- recording -----------------------------------------------------------------------------------------------------


def test_percentiles_are_those_of_what_was_told_within_a_thousandth() -> None:
    latencies = Latencies()
    for ms in range(1, 1_001):
        latencies.add(ms / 1000)
    spread = latencies.spread()
    assert spread.count == 1_000
    assert [spread.p50, spread.p99] == pytest.approx([500, 990], 0.002)
    assert spread.most == pytest.approx(1_000, 0.002)
    assert [ms for _, ms in percentiles(spread, [50.0, 99.9])] == pytest.approx([500, 999], 0.002)


def test_what_was_meant_to_come_before_the_measured_part_is_in_no_histogram() -> None:
    recorder = Recorder(["accepted"])
    recorder.zero = 1.0
    for at in (0.5, 0.999, 1.0, 1.5):
        recorder.sent += 1
        recorder.took("accepted", at, 0.001)
        recorder.was_registered(at, at, at + 0.01)
    assert {stage: spread.count for stage, spread in recorder.spreads().items()} == {
        "accepted": 2,
        "registered": 2,
        "end_to_end": 2,
    }
    assert (recorder.sent, recorder.registered, recorder.registered_since_zero) == (4, 4, 3)


def test_how_late_the_load_generator_was_counts_from_the_measured_part_on() -> None:
    recorder = Recorder([])
    recorder.zero = 1.0
    recorder.was_sent([0.5, 0.6], 3.0)
    assert (recorder.sent, recorder.behind_most) == (2, 0.0)
    recorder.was_sent([1.5], 1.75)
    recorder.was_sent([2.0], 2.01)
    assert (recorder.sent, recorder.last_sent_at, recorder.behind_most) == (4, 2.01, 0.25)


def test_a_row_for_every_second_counts_from_the_measured_part() -> None:
    rows = recorded().seconds()
    assert [(row.at, row.registered) for row in rows[:2]] == [(-1, 0), (0, 50)]
    assert sum(row.registered for row in rows) == sum(row.arrived for row in rows) == 100
    assert rows[1].p99 == pytest.approx(50, 0.02)


def test_lag_is_what_was_sent_and_neither_registered_nor_refused() -> None:
    recorder = Recorder([])
    recorder.sent, recorder.registered, recorder.refused = 10, 6, 1
    assert recorder.lag == 3


# ---- the parties' own figures --------------------------------------------------------------------------------------


def test_metrics_of_replicas_are_added_and_the_largest_memory_counts() -> None:
    reading = Reading()
    for cpu, memory in ((1.5, 2e8), (2.0, 1e8)):
        reading.take(
            f"process_cpu_seconds_total {cpu}\nprocess_resident_memory_bytes {memory:.1f}\n"
            'sansha_stage_seconds_sum{stage="handlers"} 0.25\nsansha_stage_seconds_count{stage="handlers"} 3.0\n'
        )
    assert (reading.replicas, reading.cpu_seconds, reading.memory_bytes) == (2, 3.5, 2e8)
    assert (dict(reading.stages), dict(reading.stage_counts)) == ({"handlers": 0.5}, {"handlers": 6.0})


def test_a_ward_that_tells_nothing_counts_as_nothing() -> None:
    reading = Reading()
    reading.take("something_else 1\n")
    assert (reading.cpu_seconds, reading.memory_bytes, dict(reading.stages)) == (0.0, 0.0, {})


# ---- results -------------------------------------------------------------------------------------------------------


def test_a_result_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(msgspec.json.encode(result()))
    assert read_result(path) == result()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{}", "is not a result"),
        (b"no json", "is not a result"),
        (msgspec.json.encode(result(version=99)), "version 99"),
    ],
)
def test_another_file_is_refused_by_name(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a.json {says}|a.json is a result of {says}"):
        read_result(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"registered": 99},
        {"audit": msgspec.structs.replace(CLEAN, registered_once=99, twice=1)},
        {"audit": msgspec.structs.replace(CLEAN, registered_yen=499)},
    ],
)
def test_a_run_that_loses_doubles_or_changes_anything_is_not_right(changes: dict[str, Any]) -> None:
    assert result().is_right
    assert not result(**changes).is_right


def test_a_declined_payment_is_not_lost() -> None:
    assert result(registered=98, refused=2, audit=None).is_right


# ---- thresholds ----------------------------------------------------------------------------------------------------


def thresholds(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return path


def test_thresholds_pass_or_miss_both_bounds_included(tmp_path: Path) -> None:
    path = thresholds(
        tmp_path, 'throughput = {min = 50, max = 50}\n"ward.memory_mb" = {max = 60}\n"lag_most" = {min = 8}\n'
    )
    checked = check(read_thresholds(path), figures(result()))
    assert [(c.threshold.figure, c.value, c.passed) for c in checked] == [
        ("throughput", 50.0, True),
        ("ward.memory_mb", 61.0, False),
        ("lag_most", 7.0, False),
    ]
    assert str(checked[0].threshold) == "throughput >= 50 and <= 50"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no figure"),
        ("throughput = 5", "must have min, max or both"),
        ("throughput = {}", "must have min, max or both"),
        ("throughput = {mim = 5}", "must have min, max or both"),
        ('throughput = {min = "5"}', "which is not a number"),
        ("throughput = {min = true}", "which is not a number"),
        ("= 5", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_checked_says_what_would_be_right(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadThresholds, match=says):
        read_thresholds(thresholds(tmp_path, text))


def test_a_figure_that_there_is_not_names_those_that_there_are(tmp_path: Path) -> None:
    wanted = read_thresholds(thresholds(tmp_path, '"end_to_end.p98_ms" = {max = 5}'))
    with pytest.raises(
        BadThresholds, match=r"no figure 'end_to_end.p98_ms'; there are throughput, .*end_to_end.p99_ms"
    ):
        require_known(wanted, figure_names(["accepted"]))


def test_every_figure_of_a_run_can_be_named_beforehand() -> None:
    assert figures(result(reconciled_in=1.0)).keys() <= set(figure_names(["accepted"]))


def test_a_figure_that_a_run_lacks_is_missed(tmp_path: Path) -> None:
    (checked,) = check(read_thresholds(thresholds(tmp_path, "reconciled_in_s = {max = 5}")), figures(result()))
    assert (checked.value, checked.passed) == (None, False)


# ---- comparing -----------------------------------------------------------------------------------------------------


def test_two_runs_are_compared_figure_by_figure() -> None:
    faster = result(throughput=75.0, lag_most=7, asked={"rate": 75.0, "shape": "constant"})
    rows = {row.figure: row for row in compared(result(), faster)}
    assert (rows["throughput"].ratio, rows["throughput"].verdict) == (1.5, "better")
    assert rows["lag_most"].verdict == "same"
    assert list(differing(result(), faster)) == [("rate", 50.0, 75.0)]


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Compared("end_to_end.p99_ms", 10.0, 12.0), "worse"),
        (Compared("end_to_end.p99_ms", 10.0, 5.0), "better"),
        (Compared("throughput", 10.0, 5.0), "worse"),
        (Compared("throughput", 10.0, 10.9), "same"),
        (Compared("refused", 0.0, 5.0), ""),
        (Compared("reconciled_in_s", 1.0, None), ""),
    ],
)
def test_a_verdict_knows_what_is_better(row: Compared, verdict: str) -> None:
    assert row.verdict == verdict


# ---- the page ------------------------------------------------------------------------------------------------------


def test_the_page_tells_the_figures_and_fetches_nothing(tmp_path: Path) -> None:
    path = thresholds(tmp_path, "throughput = {min = 100}")
    html = page(result(), check(read_thresholds(path), figures(result())))
    for said in ("50</b>", "100 of 100 receipts", "¥500", "missed", "sent → registered", "in memory", "handlers"):
        assert said in html, said
    assert html.count("<svg") == 5
    assert not [part for part in ("<script src", 'href="http', "@import", "url(") if part in html]


def test_the_page_of_a_run_without_seconds_has_no_lines() -> None:
    html = page(result(each_second=[], latencies={}, parties={}, audit=None, registered=0), [])
    assert "100 of 100 receipts were not registered" in html
    assert "<svg" not in html


# ---- slips of a file -----------------------------------------------------------------------------------------------


def test_slips_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "slips.csv"
    path.write_text("\ufeffslip_number,amount,barcode\n001,8500,9191\n002,300,\n", encoding="utf-8")
    assert read_slips(path) == [Payable("001", 8_500, "9191"), Payable("002", 300)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no column slip_number"),
        ("slip_number\n001\n", "has no column amount"),
        ("slip_number,amount\n", "has no slips"),
        ("slip_number,amount\n001,8500\n002,-5\n", "line 3: give a slip number and whole yen"),
        ("slip_number,amount\n001,0\n", "line 2"),
        ("slip_number,amount\n,500\n", "line 2"),
    ],
)
def test_a_file_without_slips_says_where_it_is_wrong(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "slips.csv"
    path.write_text(text)
    with pytest.raises(NoSlips, match=says):
        read_slips(path)
