"""Migrations: a database of any earlier version gets today's tables, and no row is lost."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select, text

from contracts.access_log import broken
from contracts.vocabulary import Agent, ChargeType
from services.card_agent.app import Settings as CardAgentSettings
from services.card_agent.app import create_app as create_card_agent
from services.chassis.access_log import AccessLog
from services.chassis.bus.memory import MemoryBus
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.migrations import CHASSIS, History, NewerDatabase, Schema
from services.chassis.migrations.up_to_date import migrate
from services.chassis.outages import Unusable
from services.chassis.service import Service
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.payment_provider.app import create_app as create_payment_provider
from services.ward.app import Settings as WardSettings
from services.ward.app import create_app as create_ward
from services.ward.tables import assessments, slips
from tests.component.driven_ward import NOON, DrivenWard
from tests.component.home import Home

PARTIES = ["ward", "payment_provider", "card_agent"]


def a_service(party: str, url: str, **more: Any) -> Service:
    bus, clock = MemoryBus(), Clock.stepped(NOON)
    settings = {"seed": 1, "database_url": url, "access": "open", **more}
    if party == "ward":
        return create_ward(WardSettings.model_validate(settings), bus, clock)
    if party == "payment_provider":
        return create_payment_provider(PaymentProviderSettings.model_validate(settings), bus, clock)
    return create_card_agent(CardAgentSettings.model_validate({"agent": Agent.UC, **settings}), bus, clock)


@asynccontextmanager
async def database(home: Home, name: str = "party") -> AsyncIterator[Database]:
    opened = Database(await home.url(name))
    yield opened
    await opened.close()


def schemas_of(party: str) -> Sequence[Schema]:
    return a_service(party, "sqlite:///nowhere.db").schemas


def described(connection: Connection) -> dict[str, Any]:
    """The tables of a database as it describes them, regardless of the order of tables and columns."""
    found = inspect(connection)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)},
            "key": found.get_pk_constraint(table),
            "indexes": sorted(found.get_indexes(table), key=str),
            "unique": sorted(found.get_unique_constraints(table), key=str),
            "checks": sorted((c["name"], c["sqltext"]) for c in found.get_check_constraints(table)),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    names = set(metadata.tables)
    only_ours = {"include_name": lambda name, kind, _parents: kind != "table" or name in names, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=only_ours), metadata))


@pytest.mark.parametrize("party", PARTIES)
async def test_all_revisions_one_after_the_other_make_the_tables_of_today(party: str, home: Home) -> None:
    schemas = schemas_of(party)
    async with database(home, "migrated") as migrated, database(home, "made") as made:
        async with migrated.begin() as session:
            # at no revision, so that only the revisions make the tables
            await session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        await migrate(migrated, schemas)
        for schema in schemas:
            await made.create(schema.tables)
        async with migrated.read() as one, made.read() as other:
            assert await one.run_sync(described) == await other.run_sync(described)
            for schema in schemas:
                assert await one.run_sync(differences, schema.tables) == []


@pytest.mark.parametrize("party", PARTIES)
def test_the_newest_revision_is_the_one_that_a_party_names(party: str) -> None:
    for schema in schemas_of(party):
        numbers = [int(path.name[:4]) for path in sorted(schema.history.folder.glob("[0-9]*.py"))]
        assert numbers == list(range(1, schema.history.newest + 1))


def first_only(schema: Schema, folder: Path) -> Schema:
    """The schema at its first revision."""
    revisions = folder / schema.history.name
    revisions.mkdir()
    shutil.copy(schema.history.folder / "0001_tables.py", revisions)
    return Schema(schema.tables, History(schema.history.name, 1, revisions))


async def make_first_tables(made: Database, schemas: Sequence[Schema], folder: Path) -> None:
    """Make the tables of the first revisions, without a record of the revision."""
    async with made.begin() as session:
        await session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    await migrate(made, [first_only(schema, folder) for schema in schemas])
    async with made.begin() as session:
        await session.execute(text("DROP TABLE alembic_version"))


async def test_a_database_from_before_there_were_revisions_is_taken_over_with_its_rows(
    home: Home, tmp_path: Path
) -> None:
    schemas = schemas_of("ward")
    async with database(home, "ward") as old:
        await make_first_tables(old, schemas, tmp_path)
        async with old.begin() as session:
            row = {"slip_number": "1", "insured_number": "2", "levy_year": 2021, "instalment": 1, "amount": 5}
            await session.execute(insert(slips), [row | {"due_on": NOON.date(), "issued_at": NOON}])
            levied = {"insured_number": "2", "levy_year": 2021, "annual_amount": 45, "assessed_at": NOON}
            await session.execute(insert(assessments).inline(), [levied])
    ward = await DrivenWard.started(home)
    async with ward.service.reading() as session:
        versions = await session.execute(text("SELECT version_num FROM alembic_version ORDER BY 1"))
        assert list(versions.scalars()) == [schema.history.head for schema in schemas]
        issued = (await session.execute(select(slips.c.amount, slips.c.charge_type, slips.c.reissue))).all()
        assert [tuple(row) for row in issued] == [(5, ChargeType.CARE_INSURANCE, 0)]
        assessed = await session.execute(select(assessments.c.annual_amount, assessments.c.charge_type))
        assert [tuple(row) for row in assessed.all()] == [(45, ChargeType.CARE_INSURANCE)]


async def test_an_older_database_gets_the_revisions_that_it_lacks(home: Home, tmp_path: Path) -> None:
    chassis, ward = schemas_of("ward")
    folder = tmp_path / "100% later"
    shutil.copytree(ward.history.folder, folder)
    newest, next_one = ward.history.newest, History("ward", ward.history.newest + 1, folder)
    (folder / f"{newest + 1:04}_note.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f'revision, down_revision = "{next_one.head}", "{ward.history.head}"\n'
        'def upgrade():\n    op.add_column("slips", sa.Column("note", sa.String))\n'
    )
    later = Schema(ward.tables, next_one)
    async with database(home) as opened:
        await migrate(opened, (chassis, ward))
        for _ in range(2):
            await migrate(opened, (chassis, later))
        async with opened.begin() as session:
            assert (await session.execute(text("SELECT note FROM slips"))).all() == []
        with pytest.raises(
            NewerDatabase, match=rf"{next_one.head}; this sansha knows up to .*{ward.history.head}: upgrade"
        ):
            await migrate(opened, (chassis, ward))


async def test_the_entries_of_an_older_access_log_are_kept_and_chained_anew(home: Home, tmp_path: Path) -> None:
    chassis, ward = schemas_of("ward")
    folder = tmp_path / "before"
    shutil.copytree(chassis.history.folder, folder, ignore=shutil.ignore_patterns("0005_*", "0006_*"))
    add = (
        'INSERT INTO access_log (number, at, "user", roles, what, whose, why, mark)'
        " VALUES (:number, :at, 'sato', '[\"監査\"]', 'GET /slips', :whose, '監査', :mark)"
    )
    async with database(home) as opened:
        async with opened.begin() as session:
            await session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        await migrate(opened, (Schema(chassis.tables, History("chassis", 4, folder)), ward))
        async with opened.begin() as session:
            for number, whose in ((1, '["slip:1","slip:2"]'), (2, "[]")):
                row = {"number": number, "at": 1_600_000_000_000_001 + number, "whose": whose, "mark": b"old"}
                await session.execute(text(add), row)
        await migrate(opened, (chassis, ward))
        async with opened.read() as session:
            entries = await AccessLog(MetaData()).entries(session)
    found = [(entry.number, entry.access.user, entry.access.whose) for entry in entries]
    assert found == [(1, "sato", ("slip:1", "slip:2")), (2, "sato", ())]
    assert broken(entries) == []
    assert not any(entry.is_erased for entry in entries)


async def test_a_column_that_something_else_has_dropped_is_named_at_the_start(home: Home) -> None:
    chassis, ward = schemas_of("ward")
    async with database(home) as opened:
        await migrate(opened, (chassis, ward))
        await migrate(opened, (chassis, ward))
        async with opened.begin() as session:
            await session.execute(text("ALTER TABLE dead_letters DROP COLUMN reason"))
        with pytest.raises(Unusable, match=r"lacks dead_letters\.reason: .* restore it from a backup$"):
            await migrate(opened, (chassis, ward))


@pytest.mark.parametrize(("header", "why"), [(b"no SQLite", "file is not a database"), (b"", "malformed")])
async def test_a_damaged_file_is_named_at_the_start(tmp_path: Path, header: bytes, why: str) -> None:
    async with database(Home(tmp_path)) as opened:
        await migrate(opened, schemas_of("ward"))
    file = tmp_path / "party.db"
    whole = file.read_bytes()
    file.write_bytes(header or whole[:4096] + b"\xff" * (len(whole) - 4096))
    file.write_bytes(file.read_bytes().ljust(8192, b"x"))
    async with database(Home(tmp_path)) as opened:
        with pytest.raises(Unusable, match=rf"{file} is damaged \(.*{why}.*\): stop the stack, restore"):
            await migrate(opened, schemas_of("ward"))


async def test_several_that_start_at_once_make_the_tables_once(home: Home) -> None:
    url = await home.url("ward")
    services = [a_service("ward", url) for _ in range(4)]
    for service in services:
        home.lives_here(service)
    await asyncio.gather(*(service.start() for service in services))
    async with database(home, "ward") as made, made.read() as session:
        assert len((await session.execute(text("SELECT version_num FROM alembic_version"))).all()) == 2


def test_a_process_of_an_older_version_says_so_in_one_line(tmp_path: Path) -> None:
    async def make() -> None:
        async with database(Home(tmp_path), "ward") as newer:
            await migrate(newer, schemas_of("ward"))
            async with newer.begin() as session:
                await session.execute(
                    text("UPDATE alembic_version SET version_num = 'ward_9999' WHERE version_num LIKE 'w%'")
                )

    asyncio.run(make())
    environment = {"SANSHA_SEED": "1", "SANSHA_DATABASE_URL": f"sqlite:///{tmp_path}/ward.db"}
    ended = subprocess.run(
        [sys.executable, "-m", "services.ward"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("sansha: ward: the database sqlite:///")
    known = ", ".join(schema.history.head for schema in schemas_of("ward"))
    assert f"ward_9999; this sansha knows up to {known}" in ended.stderr
    assert ended.stderr.count("\n") == 1


async def test_a_database_that_is_up_to_date_does_without_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from tests.component.test_migrations import a_service\n"
        "for name in [n for n in sys.modules if n.startswith('alembic')]: del sys.modules[name]\n"
        f"asyncio.run(a_service('ward', 'sqlite:///{tmp_path}/ward.db').start())\n"
        "sys.exit(any(name.startswith('alembic') for name in sys.modules))\n"
    )
    for _ in range(2):
        ended = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        assert await ended.wait() == 0


def test_the_histories_have_names_of_their_own() -> None:
    names = [schema.history.name for party in PARTIES for schema in schemas_of(party)]
    assert sorted(set(names)) == ["card_agent", CHASSIS.name, "payment_provider", "ward"]
