"""Every assumption the documents make is a setting that exists."""

import importlib
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import ROOT

SPAN = re.compile(r"`([^`]+)`")
SETTING = re.compile(r"(?P<module>[\w.]+):(?P<name>\w+)(?:\.(?P<field>\w+))?")


def test_every_assumption_names_its_setting() -> None:
    rows = list(_cells(_document(), "Setting"))
    assert rows
    assert [row for row in rows if not SPAN.search(row)] == []


def test_every_setting_named_exists() -> None:
    settings = [setting for cell in _cells(_document(), "Setting") for setting in SPAN.findall(cell)]
    assert [setting for setting in settings if not _exists(setting)] == []


OF_THE_FIELD = {
    "資料18-3": "ReceiptDelivered",
    "自由使用欄": "slip_number_order",
    "century of a two-digit year": "Settings.century",
    "23:59:59": "use_by_until",
    "above ¥30,000": "system_fee_per_step",
    "Routing by brand": "card_routes",
    "Which kinds a receipt of the app has": "confirmation_business_days",
    "Trailer and end of a receipt file": "COUNT_DIGITS",
    "空ファイル": "receipt_file_when_empty",
    "Naming of receipt files": "receipt_file_prefix",
    "fetched again": "receipt_file_retention_days",
    "締日), calendar days": "closing_days",
    "business days after a closing": "deposit_business_days",
    "休日調整) of a closing day": "holiday_shift",
    "Gross or net": "fee_basis",
    "入金単位": "deposit_split",
    "納期限": "instalment_months",
    "When a reminder": "reminder_days",
}
"""Question that the sources of the field leave open (words of its row) → the setting or rule that decides it."""


@pytest.mark.parametrize(("words", "decides"), OF_THE_FIELD.items())
def test_what_the_field_leaves_open_is_listed_with_what_decides_it(words: str, decides: str) -> None:
    rows = [line for line in _document().splitlines() if line.startswith("|") and words in line.split("|")[1]]
    assert [row for row in rows if decides in row.split("|")[2]], f"no row {words!r} with {decides}"


def test_the_table_is_read_by_its_heading() -> None:
    table = "\n".join(
        [
            "text | with a bar",
            "| What | Setting | Why |",
            "|---|:--|---|",
            "| closing | `a:B.c`, `a:D` | because |",
            "| other | none | because |",
            "",
            "| What | Value |",
            "|---|---|",
            "| not | `this` |",
        ]
    )
    assert list(_cells(table, "Setting")) == ["`a:B.c`, `a:D`", "none"]


@pytest.mark.parametrize(
    ("setting", "exists"),
    [
        ("datetime:date.today", True),
        ("dataclasses:dataclass", True),
        ("contracts.topics:Topic.partitions", True),
        ("contracts.topics:Topic.no_such_field", False),
        ("contracts.topics:NO_SUCH_NAME", False),
        ("contracts.no_such_module:Settings.x", False),
        ("partitions", False),
    ],
)
def test_the_lookup_of_a_setting(setting: str, exists: bool) -> None:
    assert _exists(setting) == exists


def _document() -> str:
    return (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")


def _cells(markdown: str, heading: str) -> Iterator[str]:
    """The cells below `heading`, of every table that has such a column."""
    column: int | None = None
    previous: list[str] = []
    for line in markdown.splitlines():
        if not line.startswith("|"):
            column, previous = None, []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            column = previous.index(heading) if heading in previous else None
        elif column is not None:
            yield cells[column]
        previous = cells


def _exists(setting: str) -> bool:
    """Whether `module:Name` or `module:Name.field` is there: a value, or a field without a default."""
    if not (match := SETTING.fullmatch(setting)):
        return False
    try:
        owner = getattr(importlib.import_module(match["module"]), match["name"])
    except (ImportError, AttributeError):
        return False
    field = match["field"]
    if field is None or hasattr(owner, field):
        return True
    return any(field in getattr(cls, "__annotations__", {}) for cls in getattr(owner, "__mro__", ()))
