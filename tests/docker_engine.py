"""Tests marked `stack` need a Docker engine. Where none answers they are left out, and the run says so in one line;
with SANSHA_REQUIRE_STACK=1 that is a failure."""

from __future__ import annotations

import os
import sys
from functools import cache

import pytest

REQUIRED = os.environ.get("SANSHA_REQUIRE_STACK") == "1"
WHY = "no Docker engine answers"


@cache
def answers() -> bool:
    """Whether containers can be started here."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=10)
        try:
            client.ping()
        finally:
            client.close()
    except DockerException:
        return False
    return True


@cache
def shares_the_network() -> bool:
    """Whether a container can be given this machine's own network: not where the engine has a machine, or a network, of
    its own."""
    import docker

    if sys.platform != "linux":
        return False
    client = docker.from_env(timeout=10)
    try:
        about = client.info()
    finally:
        client.close()
    apart = any("rootless" in option for option in about.get("SecurityOptions") or ())
    return not apart and about.get("OperatingSystem") != "Docker Desktop"


def mark(item: pytest.Item) -> None:
    """A stack test is left out where it cannot run and need not."""
    if item.get_closest_marker("stack") and not REQUIRED and not answers():
        item.add_marker(pytest.mark.skip(reason=WHY))


TOLD = "told"


def tell(item: pytest.Item, text: str) -> None:
    """A line for the end of the run."""
    item.user_properties.append((TOLD, text))


def summary(terminal: pytest.TerminalReporter) -> None:
    """What tests have told, and the one line about those that did not run."""
    reports = [report for reports in terminal.stats.values() for report in reports]
    for report in reports:
        if getattr(report, "when", "") == "teardown":
            for name, text in report.user_properties:
                if name == TOLD:
                    terminal.write_line(text)
    left_out = [r for r in terminal.stats.get("skipped", ()) if WHY in str(r.longrepr)]
    if left_out:
        terminal.write_line(
            f"not run: {len(left_out)} tests on real Kafka and PostgreSQL, since {WHY} "
            "(SANSHA_REQUIRE_STACK=1 makes that a failure)",
            yellow=True,
        )
