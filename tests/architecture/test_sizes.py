"""Bounds that keep a module readable in one sitting, and names that say something."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import ROOT, offences, parse, python_files, relative, text

MODULE_LINES = 350
FUNCTION_LINES = 50  # without its docstring
PARAMETERS = 6  # without self
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
FILES = python_files("contracts", "services", "testbed", "bench", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_modules_and_functions_stay_small() -> None:
    assert offences(FILES, lambda path: _oversized(text(path), parse(path))) == {}


def test_a_file_name_says_something() -> None:
    named = {relative(path): EMPTY_NAMES.intersection(path.relative_to(ROOT).with_suffix("").parts) for path in FILES}
    assert {name for name, empty in named.items() if empty} == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n" * 351, ["351 lines"]),
        ("def f():\n" + "    x = 1\n" * 50, ["f: 51 lines"]),
        ("class C:\n    async def f(self):\n" + "        x = 1\n" * 50, ["f: 51 lines"]),
        ("def f(a, /, b, c, *, d, e, f, g): ...", ["f: 7 parameters"]),
        ('def f():\n    """One\n' + "\n" * 60 + '    """\n    return 1\n', []),
        ("class C:\n    def f(self, a, b, c, d, e, f): ...", []),
        ("@app.command()\ndef demo(a, b, c, d, e, f, g): ...", []),
    ],
)
def test_the_bounds_count_neither_docstrings_nor_self_nor_options_of_a_command(source: str, found: list[str]) -> None:
    assert list(_oversized(source, ast.parse(source))) == found


def _oversized(source: str, tree: ast.Module) -> Iterator[str]:
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"{lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, Function):
            if (length := _length(node)) > FUNCTION_LINES:
                yield f"{node.name}: {length} lines"
            if (count := _parameters(node)) > PARAMETERS and not _is_command(node):
                yield f"{node.name}: {count} parameters"


def _length(function: Function) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _parameters(function: Function) -> int:
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def _is_command(function: Function) -> bool:
    """Whether its parameters are the options of a command that a user types."""
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in {"command", "callback"}
        for decorator in function.decorator_list
    )
