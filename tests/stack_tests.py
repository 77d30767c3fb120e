"""Tests marked `stack` run on Kafka and PostgreSQL in containers. If these cannot be started, the tests are skipped and
the run says why in one line; with SANSHA_REQUIRE_STACK=1 it fails as well."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from testbed.docker_engine import obstacle

REQUIRED = os.environ.get("SANSHA_REQUIRE_STACK") == "1"
NOTE, OBSTACLE = "note", "obstacle"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("stack") and (why := obstacle()):
        item.user_properties.append((OBSTACLE, why))
        pytest.skip("needs servers in containers")


def note(item: pytest.Item, line: str) -> None:
    """Print a line at the end of the run."""
    item.user_properties.append((NOTE, line))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The exit status of the run is that of the process that reports: with xdist the controller, not a worker."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if REQUIRED and reporter is not None and any(_noted(reporter, OBSTACLE)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _noted(terminalreporter, NOTE):
        terminalreporter.write_line(line)
    if reasons := list(_noted(terminalreporter, OBSTACLE)):
        left_out = f"{len(reasons)} tests on real Kafka and PostgreSQL were not run: {reasons[0]}"
        if REQUIRED:
            terminalreporter.write_line(f"{left_out} (SANSHA_REQUIRE_STACK=1: the run fails)", red=True)
        else:
            terminalreporter.write_line(f"{left_out} (SANSHA_REQUIRE_STACK=1 makes that a failure)", yellow=True)


def _noted(reporter: pytest.TerminalReporter, name: str) -> Iterator[str]:
    """What tests have noted under this name. The report on a test's teardown has all of it, skipped or not."""
    for report in (report for reports in reporter.stats.values() for report in reports):
        if getattr(report, "when", "") == "teardown":
            yield from (text for noted, text in report.user_properties if noted == name)
