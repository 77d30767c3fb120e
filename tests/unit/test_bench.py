"""What the bench prints about where the time went, and what it says where it cannot run."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench import receipt_matching, years
from bench.receipt_files import measure
from bench.stack import NO_ENGINE
from bench.stages import shares, since, stage_counts, stage_seconds
from services.chassis.telemetry import STAGES, Metrics
from tests.end_to_end.processes import ROOT, environment, module


def test_the_stages_are_read_from_the_metrics() -> None:
    metrics = Metrics()
    before = stage_seconds(metrics.exposition())
    metrics.stage_ended("commit", metrics.began() - 2.0)
    spent = since(before, stage_seconds(metrics.exposition()))
    assert set(spent) == set(STAGES)
    assert {stage: round(seconds) for stage, seconds in spent.items() if seconds} == {"commit": 2}
    assert {stage: count for stage, count in stage_counts(metrics.exposition()).items() if count} == {"commit": 1}


def test_shares_begin_with_the_largest_and_end_with_what_remains() -> None:
    parts = {"fetch": 1.0, "handlers": 6.0, "decode": 0.01}
    assert shares(parts, 10.0) == "handlers 60% · fetch 10%"
    assert shares(parts, 10.0, rest="other") == "handlers 60% · fetch 10% · other 30%"


def test_without_a_docker_engine_it_says_so_in_one_line() -> None:
    nobody = environment(DOCKER_HOST="unix:///nobody/answers/here")
    done = subprocess.run(module("bench.stack"), cwd=ROOT, env=nobody, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{NO_ENGINE}\n")


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


def test_a_year_is_measured_and_its_goal_told() -> None:
    year = years.measure(20)
    assert year.payments == 20
    assert year.line(1_000_000.0).endswith("goal 1e+06 s met")
    assert year.line(0.0).endswith("goal 0 s MISSED")
    assert "goal" not in year.line(None)
