"""What the bench prints about where the time went, and what it says where it cannot run."""

from __future__ import annotations

import subprocess

from bench.stack import NO_ENGINE
from bench.stages import shares, since, stage_seconds
from services.chassis.telemetry import STAGES, Metrics
from tests.end_to_end.processes import ROOT, environment, module


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
    nobody = environment(DOCKER_HOST="unix:///nobody/answers/here")
    done = subprocess.run(module("bench.stack"), cwd=ROOT, env=nobody, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{NO_ENGINE}\n")
