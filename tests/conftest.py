"""Settings that every test runs under."""

import os

import pytest
from hypothesis import settings

pytest_plugins = ["tests.keys", "tests.servers", "tests.stack_tests"]

# The gate draws the same examples every time, so that chance decides about no change; elsewhere they differ from run to
# run. `pytest --hypothesis-profile=thorough` tries more of them.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("gate", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("gate" if os.environ.get("CI") else "local")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--night", action="store_true", help="run the tests marked night as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --night, tests marked night are deselected, whatever -m selects."""
    if config.getoption("--night"):
        return
    long = [item for item in items if item.get_closest_marker("night")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("night")]
