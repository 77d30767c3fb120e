"""Backups of a party's database on PostgreSQL: made while it runs, restored into an empty one, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.console.backup.encryption import Altered
from services.console.backup.postgresql import back_up_database, restore_database
from services.console.backup.restoring import NotRestored, restore
from services.console.backup.snapshot import CannotBackUp
from testbed.postgres import PostgresServer
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.home import Home

pytestmark = pytest.mark.stack


@pytest.fixture
async def home(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Home]:
    home = Home(tmp_path, postgres)
    yield home
    await home.leave()


ABOUT = {
    "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
    "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
}


async def rows(url: str) -> dict[str, list[Any]]:
    """Every table's rows, and all that makes the tables."""
    session = await asyncpg.connect(url)
    try:
        names = [row[0] for row in await session.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        asked = ABOUT | {name: f'SELECT * FROM "{name}"' for name in names}
        return {name: sorted(map(repr, await session.fetch(query))) for name, query in asked.items()}
    finally:
        await session.close()


async def test_a_restored_database_is_as_it_was_and_its_party_goes_on(home: Home, tmp_path: Path) -> None:
    driven = await DrivenProvider.started(home)
    for n in range(1, 9):
        await driven.paid_by_bank(slip(n))
    url, keys = str(driven.service.settings.database_url), tmp_path / "keys"
    made = await back_up_database(url, tmp_path / "backups", keys)
    before = await rows(url)
    await driven.paid_by_bank(slip(9))

    into = await home.url("restored")
    manifest = await restore_database(made, into, keys)
    assert await rows(into) == before
    assert {entry.name for entry in manifest.files} >= {"payments", "alembic_version", "outbox", "before.sql"}
    with pytest.raises(NotRestored, match="the database holds something"):
        await restore_database(made, into, keys)
    with pytest.raises(NotRestored, match="restore it --into-database PARTY"):
        restore(made, tmp_path / "folder", keys)

    again = await DrivenProvider.started(home, database_url=into)
    await again.paid_by_bank(slip(10))
    assert len(await again.service.queries.terminal_accesses(1)) == 0


async def test_an_altered_backup_changes_nothing(home: Home, tmp_path: Path) -> None:
    driven, keys = await DrivenProvider.started(home), tmp_path / "keys"
    made = await back_up_database(str(driven.service.settings.database_url), tmp_path / "backups", keys)
    into = await home.url("restored")
    (made / "payments.enc").write_bytes((made / "payments.enc").read_bytes() + b"x")
    with pytest.raises(Altered, match=r"payments.enc was altered"):
        await restore_database(made, into, keys)
    assert set(await rows(into)) == set(ABOUT)


async def test_what_is_not_ours_is_not_backed_up_in_part(home: Home, tmp_path: Path) -> None:
    url = await home.url("strange")
    session = await asyncpg.connect(url)
    await session.execute("CREATE VIEW seen AS SELECT 1 AS one")
    await session.close()
    with pytest.raises(CannotBackUp, match="the database has seen, which is none of ours"):
        await back_up_database(url, tmp_path / "backups", tmp_path / "keys")
    with pytest.raises(CannotBackUp, match="is no PostgreSQL server"):
        await back_up_database("sqlite:///ward.db", tmp_path / "backups", tmp_path / "keys")
    assert not (tmp_path / "backups").exists()
