"""Column types stored alike in SQLite and PostgreSQL: instants as integers, words of an enumeration as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
INSTANTS_REMEMBERED = 4096
"""Conversions to remember: the rows of one batch share most of their instants."""


class Instant(TypeDecorator[datetime]):
    """An instant, stored as whole microseconds since 1970 UTC, so that it sorts."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], int | None]:
        return _microseconds

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        return _instant


@lru_cache(maxsize=INSTANTS_REMEMBERED)
def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MICROSECOND


@lru_cache(maxsize=INSTANTS_REMEMBERED)
def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


class _Words(TypeDecorator[Any]):
    impl = String
    cache_ok = True

    def __init__(self, values: type[StrEnum]) -> None:
        super().__init__(40)
        self.values = values

    def bind_processor(self, dialect: Dialect) -> None:
        """None: a `StrEnum` member is a string already."""

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], StrEnum | None]:
        known: dict[str | None, StrEnum | None] = {None: None, **{word.value: word for word in self.values}}
        return known.__getitem__


def words(values: type[StrEnum]) -> TypeDecorator[Any]:
    """The type of a column of words from `values`, at most 40 characters each. Reading any other raises `KeyError`."""
    return _Words(values)
