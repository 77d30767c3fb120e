"""Seconds that PostgreSQL takes for each kind of statement, whether sent straight to the driver, as on hot paths, or by
SQLAlchemy."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event
from sqlalchemy.engine import Engine

from services.chassis.database.postgresql import PostgresSession

_Direct = Callable[[PostgresSession, str, Sequence[Any]], Awaitable[Any]]
_TARGET = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")


@contextmanager
def timed_statements() -> Iterator[Mapping[str, float]]:
    """Yields verb and table → seconds from sending to the last row, added up while the block runs."""
    seconds: defaultdict[str, float] = defaultdict(float)
    began = 0.0

    def before(*_given: Any) -> None:
        nonlocal began
        began = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, *_given: Any) -> None:
        seconds[_kind(statement)] += time.perf_counter() - began

    def timed(run: _Direct) -> _Direct:
        async def run_timed(session: PostgresSession, statement: str, given: Sequence[Any]) -> Any:
            began = time.perf_counter()
            found = await run(session, statement, given)
            seconds[_kind(statement)] += time.perf_counter() - began
            return found

        return run_timed

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    read, write = PostgresSession.read_rows, PostgresSession.write_columns
    with (
        patch.object(PostgresSession, "read_rows", timed(read)),
        patch.object(PostgresSession, "write_columns", timed(write)),
    ):
        try:
            yield seconds
        finally:
            event.remove(Engine, "before_cursor_execute", before)
            event.remove(Engine, "after_cursor_execute", after)


def _kind(statement: str) -> str:
    verb = statement.split(None, 1)[0].lower()
    target = _TARGET.search(statement)
    return f"{verb} {target[1]}" if target else verb
