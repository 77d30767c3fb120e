"""Keys for sealing, made once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.sealing import periods
from services.console.keys import make_folder_of_keys

MONTHS = tuple(periods("2021-01", "2023-03"))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of every party's keys for 2021, 2022 and the first months of 2023. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("keys")
    make_folder_of_keys(folder, MONTHS)
    return folder
