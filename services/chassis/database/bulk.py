"""Bulk writes: a statement is compiled once, its rows are converted column by column and passed to the driver.

SQLAlchemy prepares the parameters of an executemany row by row, which takes longer than the writing
(docs/performance.md). Statements stay SQLAlchemy Core; only that preparation is done here. SQLite is given the rows one
by one, PostgreSQL all of them in one statement, as an array per column (`unnest`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Date,
    Insert,
    Table,
    TableValuedAlias,
    Update,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeEngine

from services.chassis.database.direct_session import Columns, directly
from services.chassis.database.sqlite import InlineSession

_Convert = Callable[[Any], Any]


class Row(Protocol):
    """A named tuple."""

    @property
    def _fields(self) -> tuple[str, ...]: ...

    def __iter__(self) -> Iterator[Any]: ...


DATES_REMEMBERED = 512
"""Conversions of a date to SQLite's text to remember: the rows of one batch share most of their dates."""
FEW_ROWS = 4
"""Up to this many rows are converted faster row by row."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL for the driver and, for each of its parameters, the row's key and the conversion, if any."""

    sql: str
    places: tuple[tuple[str, _Convert | None], ...]

    def by_column(self, columns: Mapping[str, Sequence[Any]]) -> Columns:
        """For each parameter the values of all rows."""
        return [columns[key] if convert is None else list(map(convert, columns[key])) for key, convert in self.places]

    def of_row(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of all parameters for one row."""
        return tuple([row[key] if convert is None else convert(row[key]) for key, convert in self.places])


class Bulk:
    """An INSERT or UPDATE that is executed for many rows at once.

    Rows are inserted in the order of `by`, by default the primary key, so that two replicas that insert the same rows
    do not deadlock. `only_missing` skips rows that exist. No two parameter sets of an UPDATE may match the same row.
    """

    def __init__(self, statement: Insert | Update, *, only_missing: bool = False, by: Sequence[str] = ()) -> None:
        self._statement, self._only_missing = statement, only_missing
        self._by = tuple(by) or tuple(c.name for c in cast("Any", statement.table).primary_key)
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    async def execute(self, session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows, which all have the same keys. Raises what the driver raises."""
        if not rows:
            return
        if isinstance(session, InlineSession) and len(rows) <= FEW_ROWS:
            compiled = self._for(session.dialect, tuple(rows[0]))
            session.write_rows(compiled.sql, map(compiled.of_row, rows))
        else:
            await self.execute_columns(session, {key: [row[key] for row in rows] for key in rows[0]})

    async def insert(self, session: AsyncConnection, rows: Sequence[Row]) -> None:
        """Insert named tuples of one type, whose fields are columns."""
        if not rows:
            return
        columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
        await self.execute_columns(session, columns)

    async def execute_columns(self, session: AsyncConnection, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows that are given by column: name → the values of all rows."""
        compiled = self._for(session.dialect, tuple(columns))
        await directly(session).write_columns(compiled.sql, compiled.by_column(columns))

    def _for(self, dialect: Dialect, keys: tuple[str, ...]) -> _Compiled:
        found = self._compiled.get((dialect.name, keys))
        if found is None:
            found = self._compiled[dialect.name, keys] = self._compile(dialect, keys)
        return found

    def _compile(self, dialect: Dialect, keys: tuple[str, ...]) -> _Compiled:
        statement: Any = self._statement
        if self._only_missing:
            statement = sqlite.insert(statement.table).on_conflict_do_nothing()
        insert = isinstance(statement, Insert)
        if dialect.name == "postgresql":
            types = {key: statement.table.c[key].type for key in keys} if insert else _types(statement, dialect)
            given = as_rows(types)
            statement = self._inserting(given) if insert else _updating(statement, given)
            compiled = statement.compile(dialect=dialect)
        else:
            types = {}
            compiled = statement.compile(dialect=dialect, column_keys=list(keys) if insert else None)
        places = tuple(
            (name, _conversion(types.get(name, compiled.binds[name].type), dialect)) for name in compiled.positiontup
        )
        return _Compiled(str(compiled), places)

    def _inserting(self, given: TableValuedAlias) -> Any:
        order = [given.c[name] for name in self._by if name in given.c]
        statement = postgresql.insert(cast("Any", self._statement.table)).from_select(
            list(given.c.keys()), select(*given.c).order_by(*order)
        )
        return statement.on_conflict_do_nothing() if self._only_missing else statement


class Changes:
    """Writes changed rows of a table back: named tuples, of which only the columns that differ are updated."""

    def __init__(self, table: Table) -> None:
        self._table = table
        (self._key,) = table.primary_key
        self._updates: dict[tuple[str, ...], Bulk] = {}

    async def save(self, session: AsyncConnection, changed: Iterable[tuple[Row, Row]]) -> None:
        """Update what differs between the two of each pair (before, after). Raises what the driver raises."""
        rows: defaultdict[tuple[int, ...], list[Row]] = defaultdict(list)
        for before, after in changed:
            places = tuple([n for n, (was, now) in enumerate(zip(before, after, strict=True)) if now != was])
            if places:
                rows[places].append(after)
        for places, of_these in rows.items():
            columns, names = list(zip(*of_these, strict=True)), of_these[0]._fields
            new = {f"new_{names[n]}": columns[n] for n in places}
            await self._update(tuple([names[n] for n in places])).execute_columns(
                session, {"saved_key": columns[names.index(self._key.name)], **new}
            )

    def _update(self, names: tuple[str, ...]) -> Bulk:
        if names not in self._updates:
            new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
            self._updates[names] = Bulk(update(self._table).where(self._key == bindparam("saved_key")).values(new))
        return self._updates[names]


def _types(statement: Update, dialect: Dialect) -> Mapping[str, TypeEngine[Any]]:
    """The types of an UPDATE's parameters, inferred from the columns that they are assigned or compared to."""
    compiled: Any = statement.compile(dialect=dialect)
    return {name: compiled.binds[name].type for name in compiled.positiontup}


def as_rows(types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Rows as a table on PostgreSQL: `unnest` of an array parameter per column."""
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def _updating(statement: Update, given: TableValuedAlias) -> Any:
    def column_for(element: Any, **_how: Any) -> Any:
        return given.c[element.key] if isinstance(element, BindParameter) else None

    return replacement_traverse(statement, {}, column_for)


def _conversion(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    if convert is not None and isinstance(kind, Date):
        return lru_cache(maxsize=DATES_REMEMBERED)(convert)
    return convert
