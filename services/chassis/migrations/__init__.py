"""Migrations: how the tables of a database came to be, step by step, and how an older one is brought up to date.

Each set of tables has a history of revisions, one file each in its folder `versions`: the chassis' (outbox, inbox, …)
and its party's. A new database gets today's tables; an older one the revisions that it lacks, by Alembic; one from
before there were revisions counts as of the first. Alembic is loaded only where a revision has to be applied.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from services.chassis.database import Database

_HERE: Final = Path(__file__).parent
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of one set of tables: `name_0001` to `name_{newest:04}`, in the files of `folder`."""

    name: str
    newest: int
    folder: Path

    @property
    def first(self) -> str:
        return f"{self.name}_0001"

    @property
    def head(self) -> str:
        return f"{self.name}_{self.newest:04}"


CHASSIS: Final = History("chassis", 1, _HERE / "versions")


class Schema(NamedTuple):
    """Tables as they are today, and their history."""

    tables: MetaData
    history: History


class NewerDatabase(Exception):
    """The database has revisions that this version of sansha does not know."""


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
    """Which revision each history is at; None where no revision was ever noted."""
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
        _upgrade(connection, [schema.history for schema in schemas], versions)


def _adopted(connection: Connection, schema: Schema) -> str:
    """Make the tables of a new database, or take those that are there for the first revision's."""
    there = set(inspect(connection).get_table_names())
    if there.isdisjoint(schema.tables.tables):
        schema.tables.create_all(connection)
        return schema.history.head
    return schema.history.first


def _upgrade(connection: Connection, histories: Sequence[History], versions: set[str]) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    folders = os.pathsep.join(str(history.folder) for history in histories)
    for option, value in (("script_location", str(_HERE)), ("version_locations", folders), ("path_separator", "os")):
        config.set_main_option(option, value.replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not versions <= known:
        url = connection.engine.url
        raise NewerDatabase(
            f"the database {url.set(drivername=url.get_backend_name())} is of version {', '.join(sorted(versions))}; "
            f"this sansha knows up to {', '.join(history.head for history in histories)}: upgrade sansha"
        )
    command.upgrade(config, "heads")
