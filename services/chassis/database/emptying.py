"""A rule of erasure as the values of an UPDATE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table

from contracts.duties.erasing import Fate, Rule


def emptied(table: Table, rule: Rule, pseudonym: Any) -> Mapping[str, Any]:
    """Column → NULL, an empty text where NULL is not allowed, or the pseudonym."""
    nothing = {name: None if table.c[name].nullable else "" for name in rule.columns}
    return {name: pseudonym if fate is Fate.REPLACED else nothing[name] for name, fate in rule.columns.items()}
