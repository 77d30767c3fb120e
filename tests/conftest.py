"""Settings that every test runs under."""

import os

import pytest
from hypothesis import settings

from tests import docker_engine

pytest_plugins = ["tests.broker", "tests.postgres"]

# Only a search that is the same every time may decide whether a change goes in; elsewhere it roams.
# `pytest --hypothesis-profile=thorough` looks longer.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("gate", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("gate" if os.environ.get("CI") else "local")


def pytest_itemcollected(item: pytest.Item) -> None:
    docker_engine.mark(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    docker_engine.summary(terminalreporter)
