"""Brings a database up to date: makes the tables of a new one, applies to an older one the revisions that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from services.chassis.database import Database
from services.chassis.deferred import Deferred
from services.chassis.migrations import Schema
from services.chassis.outages import Unusable

ALEMBIC: Final[Deferred[None]] = Deferred("services.chassis.migrations.alembic_upgrade:upgrade")
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


async def migrate(database: Database, schemas: Sequence[Schema]) -> None:
    """Bring a database up to date; one that is costs three short queries. Several processes may do so at once.

    Raises `NewerDatabase`; `Unusable` if a table or column is missing that its revisions have made.
    """
    async with database.read() as session:
        if await session.run_sync(_versions) == _heads(schemas):
            await session.run_sync(_require_columns, schemas)
            return
    async with database.exclusive("migrations") as session:
        await session.run_sync(_bring_up_to_date, schemas)


async def is_new(database: Database) -> bool:
    """Whether the database has never had tables of ours."""
    async with database.read() as session:
        return await session.run_sync(_versions) is None and not await session.run_sync(_has_tables)


def _has_tables(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


_COLUMNS: Final = {
    "sqlite": "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = ANY (current_schemas(false))",
}


def _require_columns(connection: Connection, schemas: Sequence[Schema]) -> None:
    there = {(table, column) for table, column in connection.exec_driver_sql(_COLUMNS[connection.dialect.name])}
    tables = [table for schema in schemas for table in schema.tables.sorted_tables]
    wanted = [(table.name, column.name) for table in tables for column in table.columns]
    if lacking := [f"{table}.{column}" for table, column in wanted if (table, column) not in there]:
        url = connection.engine.url
        raise Unusable(
            f"the database {url.set(drivername=url.get_backend_name())} is of version "
            f"{', '.join(sorted(_heads(schemas)))} and lacks {', '.join(lacking)}: something else has changed it; "
            "restore it from a backup"
        )


def _heads(schemas: Sequence[Schema]) -> set[str]:
    return {schema.history.head for schema in schemas}


def _versions(connection: Connection) -> set[str] | None:
    """Which revision each history is at; None if no revision was ever recorded."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return set(connection.execute(select(_VERSION.c.version_num)).scalars())


def _bring_up_to_date(connection: Connection, schemas: Sequence[Schema]) -> None:
    versions = _versions(connection)
    if versions is None:
        versions = {_adopted(connection, schema) for schema in schemas}
        _VERSION.create(connection)
        connection.execute(_VERSION.insert(), [{"version_num": version} for version in sorted(versions)])
    if versions != _heads(schemas):
        ALEMBIC.load()(connection, [schema.history for schema in schemas], versions)


def _adopted(connection: Connection, schema: Schema) -> str:
    """Make the tables of a new database, or take those that are there for the first revision's."""
    there = set(inspect(connection).get_table_names())
    if there.isdisjoint(schema.tables.tables):
        schema.tables.create_all(connection)
        return schema.history.head
    return schema.history.first
