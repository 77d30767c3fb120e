"""Bulk writes: a statement compiled once, its rows converted column by column and handed to the driver as they are.

SQLAlchemy prepares the parameters of an executemany row by row, which takes longer than the writing
(docs/performance figures: `make bench`). The statement stays SQLAlchemy Core; only that preparation is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, Update
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What the driver is given: its SQL, and for each place the row's key and the conversion, if any."""

    sql: str
    places: tuple[tuple[str, _Convert | None], ...]


class Bulk:
    """An INSERT or UPDATE to be executed for many rows at once."""

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    async def execute(self, session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows, which all have the same keys; nothing for no rows. Raises what the driver raises."""
        if not rows:
            return
        compiled = self._for(session.dialect, tuple(rows[0]))
        columns = [_converted(rows, key, convert) for key, convert in compiled.places]
        await session.exec_driver_sql(compiled.sql, list(zip(*columns, strict=True)))

    def _for(self, dialect: Dialect, keys: tuple[str, ...]) -> _Compiled:
        found = self._compiled.get((dialect.name, keys))
        if found is None:
            found = self._compiled[dialect.name, keys] = self._compile(dialect, keys)
        return found

    def _compile(self, dialect: Dialect, keys: tuple[str, ...]) -> _Compiled:
        insert = isinstance(self._statement, Insert)
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=list(keys) if insert else None)
        places = tuple(
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        )
        return _Compiled(str(compiled), places)


def _converted(rows: Sequence[Mapping[str, Any]], key: str, convert: _Convert | None) -> list[Any]:
    values = [row[key] for row in rows]
    return values if convert is None else [convert(value) for value in values]
