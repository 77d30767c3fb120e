"""The claims about parties and chassis are the same on both databases; those on PostgreSQL need a Docker engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.home import Home


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.stack)])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """A place for the test's databases, on SQLite and on PostgreSQL."""
    home = Home(tmp_path, request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    yield home
    await home.leave()


@pytest.fixture(params=["in memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.stack)])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """The same and, for tests in which nothing has to outlive its process, memory."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    home = Home(tmp_path, server, in_memory=request.param == "in memory")
    yield home
    await home.leave()
