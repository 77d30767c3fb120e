"""Brings a database up to date: makes the tables of a new one, applies to an older one the revisions that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from services.chassis.database import Database
from services.chassis.deferred import Deferred
from services.chassis.migrations import Schema

ALEMBIC: Final[Deferred[None]] = Deferred("services.chassis.migrations.alembic_upgrade:upgrade")
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


async def migrate(database: Database, schemas: Sequence[Schema]) -> None:
    """Bring a database up to date; one that is costs two short queries. Several processes may do so at once.

    Raises `NewerDatabase`.
    """
    async with database.read() as session:
        if await session.run_sync(_versions) == _heads(schemas):
            return
    async with database.exclusive("migrations") as session:
        await session.run_sync(_bring_up_to_date, schemas)


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
