"""Each handler, and all that it calls, locks rows in the order of `tables.LOCK_ORDER`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from sqlalchemy import Table

from services.ward import tables
from tests.architecture.source_tree import parse, python_files

LOCKING = {
    ("received_files", "lock"): tables.received_files,
    ("slips", "lock"): tables.slips,
    ("slips", "lock_accounts"): tables.slips,
    ("overpayments", "lock_people"): tables.slips,
    ("reminders", "lock_unpaid"): tables.slips,
    ("watched_months", "add"): tables.watched_months,
    ("statements", "lock"): tables.statements,
    ("statements", "lock_listing"): tables.statements,
    ("reminders", "add_days"): tables.reminder_days,
}
"""Functions of the store that lock rows, or insert rows that another transaction may insert too."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Functions = dict[tuple[str, str], Function]


def functions(modules: dict[str, ast.Module]) -> Functions:
    """By module and name; methods by their own name."""
    return {
        (module, node.name): node
        for module, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }


def locks(known: Functions, module: str, name: str) -> Iterator[Table]:
    """The tables that a function locks, in this order; loops run twice, and a call is followed into all
    functions of its name."""

    def of(node: ast.AST) -> Iterator[Table]:
        for _ in range(2 if isinstance(node, LOOPS) else 1):
            for child in ast.iter_child_nodes(node):
                yield from of(child)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=called)) if (owner, called) in LOCKING:
                yield LOCKING[owner, called]
            case ast.Call(func=ast.Name(id=called)) if (module, called) in known:
                yield from locks(known, module, called)
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
                for elsewhere, function in known:
                    if function == called and elsewhere != module:
                        yield from locks(known, elsewhere, function)
            case _:
                pass

    for statement in known[module, name].body:
        yield from of(statement)


HANDLERS = functions({path.stem: parse(path) for path in python_files("services/ward/handlers")})


@pytest.mark.parametrize(("module", "name"), HANDLERS)
def test_a_handler_locks_in_order(module: str, name: str) -> None:
    places = [tables.LOCK_ORDER.index(table) for table in locks(HANDLERS, module, name)]
    assert places == sorted(places)


def test_every_function_that_locks_is_known_here() -> None:
    store = functions({path.stem: parse(path) for path in python_files("services/ward/store")})
    named = {(module, name) for module, name in store if name.startswith("lock")}
    assert named == {(module, name) for module, name in LOCKING if name.startswith("lock")}


def test_the_check_finds_what_is_planted() -> None:
    planted = functions(
        {
            "a": ast.parse("async def early(tx):\n    await helper(await statements.lock(tx, ids))"),
            "b": ast.parse(
                "async def helper(tx):\n    await slips.lock_accounts(tx, numbers)\n"
                "async def each(tx):\n    for _ in found:\n"
                "        await helper(tx)\n        await statements.lock(tx, ids)"
            ),
        }
    )
    assert [*locks(planted, "a", "early")] == [tables.statements, tables.slips]
    assert [*locks(planted, "b", "each")] == [tables.slips, tables.statements, tables.slips, tables.statements]


def test_handlers_lock_every_table_of_the_order() -> None:
    found = {table for module, name in HANDLERS for table in locks(HANDLERS, module, name)}
    assert found == set(tables.LOCK_ORDER)
