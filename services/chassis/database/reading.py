"""Reads whole tables fast, for the books, which take a few columns of every row: texts, yen and days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import starmap
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Column, ColumnElement, Select, String, type_coerce
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeDecorator

from contracts.vocabulary import JST, business_date
from services.chassis.database.columns import EPOCH

Read = TypeVar("Read")

_MICROSECOND, _DAY = timedelta(microseconds=1), timedelta(days=1) // timedelta(microseconds=1)
_AHEAD = EPOCH.astimezone(JST).utcoffset() or timedelta()


class _BusinessDay(TypeDecorator[date]):
    """Reads an `Instant` as its date in Japan, by integer arithmetic; each date is made once."""

    impl = BigInteger
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], date | None]:
        ahead = _AHEAD // _MICROSECOND
        return lambda value: None if value is None else _day((value + ahead) // _DAY)


@cache
def _day(number: int) -> date:
    return business_date(EPOCH) + timedelta(days=number)


def business_day(instant: Column[Any]) -> ColumnElement[Any]:
    """Reads a column of instants as dates in Japan."""
    return type_coerce(instant, _BusinessDay)


def plain(word: Column[Any]) -> ColumnElement[Any]:
    """Reads a column of words as plain strings."""
    return type_coerce(word, String)


async def read_as(
    session: AsyncConnection, kind: Callable[..., Read], query: Select[Any], bound: Mapping[str, Any] | None = None
) -> list[Read]:
    """Run the query with the values in `bound`, and call `kind` with the values of each row."""
    return list(starmap(kind, (await session.execute(query, bound)).all()))
