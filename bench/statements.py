"""How long the database took over each kind of statement, as SQLAlchemy's own events tell."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_TARGET = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")


@contextmanager
def timed_statements() -> Iterator[Mapping[str, float]]:
    """Yields verb and table → seconds from sending to the last row, of all that is executed meanwhile, one by one."""
    seconds: defaultdict[str, float] = defaultdict(float)
    began = 0.0

    def before(*_given: Any) -> None:
        nonlocal began
        began = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, *_given: Any) -> None:
        seconds[_kind(statement)] += time.perf_counter() - began

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield seconds
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


def _kind(statement: str) -> str:
    verb = statement.split(None, 1)[0].lower()
    target = _TARGET.search(statement)
    return f"{verb} {target[1]}" if target else verb
