"""console → parties → chassis → contracts, no import cycle, imports at the top, and pure decisions."""

import ast
import sys
from collections.abc import Iterator, Sequence, Set
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.import_graph import circles, import_graph, inner_imports, module_name
from tests.architecture.source_tree import PARTIES, ROOT, imported_modules, offences, parse, python_files, relative

PURE_CONTRACTS = (
    "contracts.bounds",
    "contracts.vocabulary",
    "contracts.channels",
    "contracts.charges",
    "contracts.formats",
    "contracts.calendar",
    "contracts.duties.erasing",
)
DOMAIN_FILES = python_files(*(f"services/{party}/domain" for party in PARTIES))
PRODUCT_FILES = python_files("contracts", "services")
FOLDERS = {
    "contracts": {"contracts"},
    "services": {"contracts", "services"},
    "testbed": {"contracts", "services", "testbed"},
    "bench": {"contracts", "services", "testbed", "bench"},
    "tests": {"contracts", "services", "testbed", "bench", "tests"},
}
"""Folder → those of the project that it may import."""
LATE: dict[str, str] = {}
"""`file: name` of an import that must stand inside a function → the decision record (docs/decisions) that says why."""


def test_the_import_contracts_are_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_none_that_stands_on_it(folder: str) -> None:
    assert offences(python_files(folder), lambda path: _imports_of(FOLDERS.keys() - FOLDERS[folder], parse(path))) == {}


def test_the_check_of_folders_finds_what_is_planted() -> None:
    planted = ast.parse("import tests.servers\nfrom bench import cpu\nfrom contracts import topics\nimport testbeds")
    assert list(_imports_of({"tests", "bench", "testbed"}, planted)) == ["line 1: tests.servers", "line 2: bench.cpu"]


def _imports_of(folders: Set[str], tree: ast.Module) -> Iterator[str]:
    return (f"line {line}: {name}" for line, name in imported_modules(tree) if name.partition(".")[0] in folders)


def test_no_modules_import_each_other() -> None:
    graph = import_graph({module_name(path, ROOT): parse(path) for path in PRODUCT_FILES})
    assert list(circles(graph)) == []


def test_imports_stand_at_the_top() -> None:
    late = offences(PRODUCT_FILES, lambda path: (name for name in _inner_imports(path) if name not in LATE))
    assert late == {}


def test_what_is_imported_late_is_so_for_a_recorded_reason() -> None:
    assert set(LATE) - {name for path in PRODUCT_FILES for name in _inner_imports(path)} == set(), (
        "allowed inside a function, but no longer there"
    )
    assert [record for record in LATE.values() if not (ROOT / "docs" / "decisions" / record).is_file()] == []


@cache
def _inner_imports(path: Path) -> Sequence[str]:
    """`file: name` of each."""
    return [f"{relative(path)}: {name}" for _, name in inner_imports(parse(path))]


def test_circles_are_found_however_the_import_is_written() -> None:
    planted = {
        "shop": "from shop.till import pay",
        "shop.till": "from shop import stock",
        "shop.stock": "import typing\nif typing.TYPE_CHECKING:\n    from shop.shelf import Shelf",
        "shop.shelf": "def fill():\n    import shop.stock",
        "shop.sign": "from shop import till, shelf",
        "shop.alone": "from shop.alone import itself\nimport os.path",
    }
    graph = import_graph({name: ast.parse(source) for name, source in planted.items()})
    assert circles(graph) == [("shop.shelf", "shop.stock")]
    assert graph["shop"] == {"shop.till"}
    assert graph["shop.sign"] == {"shop.shelf", "shop.till"}
    assert graph["shop.alone"] == set()


def test_a_longer_circle_is_found_once() -> None:
    planted = {"a": "import b", "b": "import c", "c": "import a, d", "d": "import e", "e": "import d"}
    assert circles(import_graph({name: ast.parse(text) for name, text in planted.items()})) == [
        ("a", "b", "c"),
        ("d", "e"),
    ]


def test_imports_inside_functions_are_found() -> None:
    planted = """
import one
if one:
    import two
class Late:
    import three
    async def f(self):
        from four import a, b
        def g():
            import five
"""
    assert list(inner_imports(ast.parse(planted))) == [(8, "four.a"), (8, "four.b"), (10, "five")]


def test_a_decision_imports_only_the_standard_library_and_the_pure_contracts() -> None:
    assert offences(DOMAIN_FILES, lambda path: _impure_imports(parse(path), path.relative_to(ROOT).parts[1])) == {}


def test_the_purity_check_finds_what_it_is_for() -> None:
    planted = """
from datetime import date
from decimal import Decimal
import holidays
from contracts import events, vocabulary
from contracts.calendar import BankCalendar
from contracts.calendars import Other
from services.chassis.clock import Clock
from services.card_agent.domain.terms import Terms
from services.card_agent import store
"""
    assert list(_impure_imports(ast.parse(planted), "card_agent")) == [
        "line 4: holidays",
        "line 5: contracts.events",
        "line 7: contracts.calendars.Other",
        "line 8: services.chassis.clock.Clock",
        "line 10: services.card_agent.store",
    ]


def _impure_imports(tree: ast.Module, party: str) -> Iterator[str]:
    allowed = (*PURE_CONTRACTS, f"services.{party}.domain")
    for line, name in imported_modules(tree):
        if name.partition(".")[0] in sys.stdlib_module_names:
            continue
        if not any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed):
            yield f"line {line}: {name}"
