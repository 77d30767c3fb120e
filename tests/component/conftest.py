"""Databases for component tests: the claims hold on SQLite and on PostgreSQL, which needs a Docker engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.home import Home


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.stack)])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """The test's databases, on SQLite and on PostgreSQL in turn."""
    home = Home(tmp_path, request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    yield home
    await home.leave()


@pytest.fixture(params=["in memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.stack)])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """The test's databases in memory, on SQLite and on PostgreSQL, for tests in which nothing outlives its process."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    home = Home(tmp_path, server, in_memory=request.param == "in memory")
    yield home
    await home.leave()
