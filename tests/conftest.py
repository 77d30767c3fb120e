"""Settings that every test runs under."""

import os

from hypothesis import settings

pytest_plugins = ["tests.servers", "tests.stack_tests"]

# The gate draws the same examples every time, so that chance decides about no change; elsewhere they differ from run to
# run. `pytest --hypothesis-profile=thorough` tries more of them.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("gate", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("gate" if os.environ.get("CI") else "local")
