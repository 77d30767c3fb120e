"""Lookups: a SELECT or DELETE is compiled once, its rows are converted column by column. The counterpart of `bulk.py`.

SQLAlchemy prepares each execution and each row, which takes longer than the database's answer. Statements stay
SQLAlchemy Core; only that preparation is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Delete, Insert, Select
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.direct_session import directly

Row = TypeVar("Row")
_Statement = Select[*tuple[Any, ...]] | Insert
_Convert = Callable[[Any], Any]
_Parameter = tuple[str, Any, _Convert | None]
"""Name, default value, conversion."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL for the driver, its parameters, and the conversion of each column of the result."""

    sql: str
    parameters: tuple[_Parameter, ...]
    columns: tuple[_Convert | None, ...]

    def bound(self, given: Mapping[str, Any]) -> list[Any]:
        values = ((given.get(name, default), convert) for name, default, convert in self.parameters)
        return [value if convert is None else convert(value) for value, convert in values]

    def read(self, rows: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        if not rows or not any(self.columns):
            return rows
        columns = zip(zip(*rows, strict=True), self.columns, strict=True)
        converted = (column if convert is None else map(convert, column) for column, convert in columns)
        return list(zip(*converted, strict=True))


class Lookup(Generic[Row]):
    """A SELECT that is executed often, or an INSERT with RETURNING.

    Each row is made by calling `row` with the values of its columns in order; without `row` it is a tuple. Lists are
    bound by `in_list`, or as arrays.
    """

    @overload
    def __init__(self: Lookup[tuple[Any, ...]], statement: _Statement) -> None: ...

    @overload
    def __init__(self, statement: _Statement, row: Callable[..., Row]) -> None: ...

    def __init__(self, statement: _Statement, row: Callable[..., Row] | None = None) -> None:
        self._prepared, self._row = _Prepared(statement), row

    async def rows(self, session: AsyncConnection, **bound: Any) -> Sequence[Row]:
        """All rows for these values of its parameters. Raises what `execute` raises."""
        compiled = self._prepared.on(session.dialect)
        found: Sequence[Any] = compiled.read(await directly(session).read_rows(compiled.sql, compiled.bound(bound)))
        return found if self._row is None else list(starmap(self._row, found))


class Removal:
    """A DELETE that is executed often; lists are bound by `in_list`."""

    def __init__(self, statement: Delete) -> None:
        self._prepared = _Prepared(statement)

    async def execute(self, session: AsyncConnection, **bound: Any) -> None:
        """Raises what `execute` raises."""
        compiled = self._prepared.on(session.dialect)
        await directly(session).read_rows(compiled.sql, compiled.bound(bound))


class _Prepared:
    """A statement, compiled per dialect on first use."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def on(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return found


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    parameters = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        if bind.expanding:
            raise ValueError(f"{name} is a list that SQLAlchemy expands at each execution; use `in_list`")
        default = None if bind.required else bind.effective_value
        parameters.append((name, default, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    given = () if isinstance(statement, Delete) else statement.exported_columns
    columns = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in given]
    return _Compiled(str(compiled), tuple(parameters), tuple(columns))
