"""SQL that differs between SQLite and PostgreSQL, written once: membership in a list, an INSERT with ON CONFLICT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Column, ColumnElement, String, Table, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

_json = msgspec.json.Encoder().encode


class _Listed(TypeDecorator[Sequence[Any]]):
    """Values of a column's type as one JSON array, which SQLite's `json_each` reads as a table."""

    impl = String
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        super().__init__()
        self.item_type = item_type

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        convert = self.item_type.dialect_impl(dialect).bind_processor(dialect)
        if convert is None:
            return lambda values: _json(values).decode()
        return lambda values: _json([convert(value) for value in values]).decode()


class _InList(ColumnElement[bool]):
    """The values are one parameter in either dialect, so that one compiled statement serves any number of them."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy's own form)
        ("listed", InternalTraversal.dp_clauseelement),
        ("array", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Column[Any], values: str) -> None:
        listed = func.json_each(bindparam(values, type_=_Listed(column.type))).table_valued("value")
        self.listed = column.in_(select(listed.c.value))
        self.array = column == any_(bindparam(values, type_=ARRAY(column.type)))


@compiles(_InList)
def _as_list(element: _InList, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.listed, **how))


@compiles(_InList, "postgresql")
def _as_array(element: _InList, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.array, **how))


def in_list(column: Column[Any], values: str = "ids") -> ColumnElement[bool]:
    """Whether the column has one of the values of a list, which is bound as the parameter `values` at execution.

    Statements of hot paths are built once, as constants: building one takes longer than running it.
    """
    return _InList(column, values)


def insert(session: AsyncConnection, table: Table) -> Any:
    """An INSERT of the session's dialect, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    dialect = sqlite if session.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
