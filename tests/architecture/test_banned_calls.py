"""Time, chance, ids and sleep are passed in: only the clock and identity modules reach for the real ones.

The names are those that lint bans too (`banned-api` in pyproject.toml): one list, two readers.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import offences, parse, pyproject, python_files, relative

ALLOWED = {"services/chassis/clock.py", "services/chassis/identity.py", "services/chassis/machine_time.py"}
LINT = pyproject()["tool"]["ruff"]["lint"]
BANNED = frozenset(LINT["flake8-tidy-imports"]["banned-api"])
FILES = [path for path in python_files("contracts", "services") if relative(path) not in ALLOWED]


def test_nothing_reaches_for_real_time_or_chance() -> None:
    assert offences(FILES, lambda path: _banned_uses(parse(path))) == {}


def test_lint_makes_the_same_exceptions() -> None:
    exempt = {pattern for pattern, codes in LINT["per-file-ignores"].items() if "TID251" in codes}
    assert exempt == ALLOWED | {"bench/**"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.time()", "line 2: time.time"),
        ("import time as t\nt.monotonic()", "line 2: time.monotonic"),
        ("from time import time as t\nt()", "line 1: time.time"),
        ("import datetime\ndatetime.datetime.now()", "line 2: datetime.datetime.now"),
        ("from datetime import datetime as dt\ndt.now(tz)", "line 2: datetime.datetime.now"),
        ("from datetime import date\nf = date.today", "line 2: datetime.date.today"),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)", "line 3: asyncio.sleep"),
        ("from uuid import uuid4", "line 1: uuid.uuid4"),
        ("import random", "line 1: random"),
        ("from secrets import token_hex", "line 1: secrets.token_hex"),
        ("import os\nseed = os.urandom(8)", "line 2: os.urandom"),
        ("def f():\n    import time\n    time.sleep(1)", "line 3: time.sleep"),
        ("from sqlalchemy import func\nfunc.now()", "line 2: sqlalchemy.func.now"),
    ],
)
def test_the_checker_finds_what_is_planted(source: str, found: str) -> None:
    assert next(_banned_uses(ast.parse(source))) == found


def test_the_checker_lets_what_is_passed_in_alone() -> None:
    source = """
from datetime import date, datetime, time
from uuid import UUID

async def handle(clock, tx):
    at = clock.now()
    await clock.sleep(1)
    return datetime.combine(date(2024, 4, 1), time(9)), datetime.fromisoformat("2024-04-01"), tx.now
"""
    assert list(_banned_uses(ast.parse(source))) == []


def _banned_uses(tree: ast.Module) -> Iterator[str]:
    meanings = dict(_bound_names(tree))
    for node in ast.walk(tree):
        for name in _names_of(node, meanings):
            if _is_banned(name):
                yield f"line {getattr(node, 'lineno', 0)}: {name}"


def _bound_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What each imported name stands for: `from time import time as t` makes `t` mean `time.time`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _names_of(node: ast.AST, meanings: dict[str, str]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case ast.Attribute():
            dotted = _dotted(node)
            top, _, rest = dotted.partition(".")
            return [f"{meanings[top]}.{rest}"] if top in meanings else []
        case _:
            return []


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of such an expression; empty where it starts with anything but a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _is_banned(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:length]) in BANNED for length in range(1, len(parts) + 1))
