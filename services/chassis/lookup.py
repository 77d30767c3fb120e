"""Lookups: a SELECT of a hot path compiled once, its rows converted column by column. The counterpart of `bulk`.
A DELETE likewise (`Removal`).

SQLAlchemy prepares each execution and each row, which takes longer than SQLite's answer. The statement stays SQLAlchemy
Core; only that preparation is done here. On PostgreSQL, where the answer travels, SQLAlchemy executes it as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Select
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.sqlite_inline import InlineSession

_Convert = Callable[[Any], Any]
_Parameter = tuple[str, Any, _Convert | None]
"""Name, the value where none is given, conversion."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What SQLite is given, and how what it answers is read."""

    sql: str
    parameters: tuple[_Parameter, ...]
    columns: tuple[_Convert | None, ...]

    def bound(self, given: Mapping[str, Any]) -> list[Any]:
        values = ((given.get(name, default), convert) for name, default, convert in self.parameters)
        return [value if convert is None else convert(value) for value, convert in values]

    def read(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        if not rows or not any(self.columns):
            return rows
        columns = zip(zip(*rows, strict=True), self.columns, strict=True)
        converted = (column if convert is None else map(convert, column) for column, convert in columns)
        return list(zip(*converted, strict=True))


class Lookup:
    """A SELECT to be executed often. Its rows are tuples, in the order of its columns; lists are bound by `among`."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._compiled: _Compiled | None = None

    async def rows(self, session: AsyncConnection, **bound: Any) -> Sequence[tuple[Any, ...]]:
        """All of them, for these values of its parameters. Raises what `execute` raises."""
        if not isinstance(session, InlineSession):
            return (await session.execute(self._statement, bound)).all()
        if self._compiled is None:
            self._compiled = _compile(self._statement, session.dialect)
        return self._compiled.read(session.read_rows(self._compiled.sql, self._compiled.bound(bound)))


class Removal:
    """A DELETE to be executed often; lists are bound by `among`."""

    def __init__(self, statement: Delete) -> None:
        self._statement = statement
        self._compiled: _Compiled | None = None

    async def execute(self, session: AsyncConnection, **bound: Any) -> None:
        """Raises what `execute` raises."""
        if not isinstance(session, InlineSession):
            await session.execute(self._statement, bound)
            return
        if self._compiled is None:
            self._compiled = _compile(self._statement, session.dialect)
        session.read_rows(self._compiled.sql, self._compiled.bound(bound))


def _compile(statement: Select[*tuple[Any, ...]] | Delete, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    parameters = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        if bind.expanding:
            raise ValueError(f"{name} is a list that SQLAlchemy writes out each time; use `among`")
        default = None if bind.required else bind.effective_value
        parameters.append((name, default, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    selected = statement.selected_columns if isinstance(statement, Select) else ()
    columns = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in selected]
    return _Compiled(str(compiled), tuple(parameters), tuple(columns))
