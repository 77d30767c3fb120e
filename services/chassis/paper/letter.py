"""What is on a letter. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Grid(NamedTuple):
    """A table: its headings, the widths of its columns in parts of the whole, and its rows."""

    headings: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: frozenset[int] = frozenset()
    """Columns of numbers, from 0 on."""


class Section(NamedTuple):
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, from top to bottom. What is empty is left out."""

    title: str
    english: str
    """The title in English, small."""
    number: str
    """文書番号"""
    date: str
    to: str
    """The party addressed."""
    sender: Sequence[str]
    """Lines: the party, and who answers for it."""
    opening: str
    facts: Sequence[tuple[str, str]]
    """Label and text."""
    written_at: datetime
    grid: Grid | None = None
    sections: Sequence[Section] = ()
    signature: Sequence[tuple[str, str]] = ()
    """Label and hex digits."""
