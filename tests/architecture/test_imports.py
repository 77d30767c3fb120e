"""console → parties → chassis → contracts, and the decisions of a party are pure."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.source_tree import PARTIES, ROOT, imported_modules, parse, python_files, relative

PURE_CONTRACTS = ("contracts.vocabulary", "contracts.charges", "contracts.formats", "contracts.calendar")
DOMAIN_FILES = python_files(*(f"services/{party}/domain" for party in PARTIES))


def test_the_import_contracts_are_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("path", DOMAIN_FILES, ids=relative)
def test_a_decision_imports_only_the_standard_library_and_the_pure_contracts(path: Path) -> None:
    party = path.relative_to(ROOT).parts[1]
    assert list(_impure_imports(parse(path), party)) == []


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
