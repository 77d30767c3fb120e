"""One party's database on PostgreSQL, as of one moment: what makes its tables, and their rows in COPY's binary form.

It needs no tools of the server. The tables are made as they were, so that a later program migrates them at its start.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import make_url

from services.chassis.database.postgresql_tls import tls_arguments
from services.console.backup.encryption import Encrypted, decrypt
from services.console.backup.making import NewBackup, begun
from services.console.backup.manifest import Manifest
from services.console.backup.restoring import NotRestored, opened
from services.console.backup.snapshot import CannotBackUp

SECONDS_TO_CONNECT: Final = 10.0
BEFORE, AFTER = "before.sql", "after.sql"
"""Statements before and after the rows."""
_HERE: Final = (
    "n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')"
)
_SEQUENCES: Final = f"""
SELECT format('CREATE SEQUENCE %I AS %s', c.relname, format_type(s.seqtypid, NULL))
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_HERE} ORDER BY 1
"""
_TABLES: Final = f"""
SELECT c.relname AS name, format('CREATE TABLE %I (%s)', c.relname, string_agg(
  format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %s', a.attcollation::regcollation) ELSE '' END,
    CASE WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,
    CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY a.attnum)) AS made
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND {_HERE} GROUP BY c.oid, c.relname ORDER BY c.relname
"""
_AFTER: Final = f"""
SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'c') AND {_HERE}
UNION ALL
SELECT pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_HERE} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
UNION ALL
SELECT format('SELECT setval(%L, %s, %L)', quote_ident(s.sequencename),
  coalesce(s.last_value, s.start_value), s.last_value IS NOT NULL)
FROM pg_sequences s WHERE s.schemaname = current_schema()
UNION ALL
SELECT format('ALTER SEQUENCE %I OWNED BY %I.%I', c.relname, o.relname, a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend p ON p.objid = c.oid AND p.deptype = 'a' AND p.classid = 'pg_class'::regclass
JOIN pg_class o ON o.oid = p.refobjid JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = p.refobjsubid
WHERE c.relkind = 'S' AND {_HERE}
"""
_STRANGE: Final = f"""
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_HERE} AND c.relkind NOT IN ('r', 'i', 'S', 't')
UNION ALL SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_HERE} AND k.contype NOT IN ('p', 'u', 'c', 'n')
"""
"""Views, partitions, foreign keys: no database of ours has any."""


async def back_up_database(url: str, to: Path, keys: Path) -> Path:
    """Back up a database, whose party may run, into a new folder of `to`; returns it.

    Raises `CannotBackUp`, `OSError`, `asyncpg.PostgresError`.
    """
    async with _connected(url) as session, session.transaction(isolation="repeatable_read", readonly=True):
        if strange := [row[0] for row in await session.fetch(_STRANGE)]:
            raise CannotBackUp(f"the database has {', '.join(strange)}, which is none of ours: use pg_dump")
        tables = await session.fetch(_TABLES)
        before = [row[0] for row in await session.fetch(_SEQUENCES)] + [table["made"] for table in tables]
        after = [row[0] for row in await session.fetch(_AFTER)]
        with begun(to, keys) as new:
            _add(new, BEFORE, before)
            _add(new, AFTER, after)
            for table in tables:
                await _add_rows(new, session, table["name"])
            return new.complete("database")


async def restore_database(backup: Path, url: str, keys: Path) -> Manifest:
    """Restore a backup into an empty database, completely or not at all.

    Raises `NotRestored`, `Altered`, `KeyGone`, `OSError`, `asyncpg.PostgresError`.
    """
    manifest, key = opened(backup, keys)
    if manifest.kind != "database":
        raise NotRestored(f"{backup} is a backup of a {manifest.kind}, not of a database: restore it --into a folder")
    stored = {entry.name: backup / entry.stored_as for entry in manifest.files}
    before, after = (_statements(key, name, stored.pop(name)) for name in (BEFORE, AFTER))
    async with _connected(url) as session, session.transaction():
        if await session.fetchval(
            f"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_HERE}"
        ):
            raise NotRestored("the database holds something: give an empty one, or drop and create it first")
        for statement in before:
            await session.execute(statement)
        for name, file in stored.items():
            await session.copy_to_table(name, source=_rows(key, name, file), format="binary")
        for statement in after:
            await session.execute(statement)
    return manifest


def _add(new: NewBackup, name: str, statements: Sequence[str]) -> None:
    with new.place(name).open("xb") as out:
        sealed = Encrypted(new.key, name, out)
        sealed.write("\0".join(statements).encode())
        new.added(name, sealed.finish())


async def _add_rows(new: NewBackup, session: Any, table: str) -> None:
    with new.place(table).open("xb") as out:
        sealed = Encrypted(new.key, table, out)

        async def take(piece: bytes) -> None:
            sealed.write(piece)

        await session.copy_from_table(table, output=take, format="binary")
        new.added(table, sealed.finish())


def _statements(key: bytes, name: str, file: Path) -> list[str]:
    return list(filter(None, b"".join(decrypt(key, name, file)).decode().split("\0")))


async def _rows(key: bytes, name: str, file: Path) -> AsyncIterator[bytes]:
    for piece in decrypt(key, name, file):
        yield piece


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    """Raises `CannotBackUp` for a URL of another kind."""
    parts = make_url(url)
    if parts.get_backend_name() != "postgresql":
        raise CannotBackUp(f"{parts.get_backend_name()} is no PostgreSQL server: back its whole data folder up instead")
    session = await asyncpg.connect(
        host=parts.host,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.database,
        timeout=SECONDS_TO_CONNECT,
        **tls_arguments(parts),
    )
    try:
        yield session
    finally:
        await session.close()
