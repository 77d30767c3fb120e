"""Damages files for tests, and checks what every reader must do with a damaged file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from contracts.formats.damage import DamagedFile

Read = Callable[[Iterable[bytes]], Iterable[Any]]


def damage_of(read: Read, content: bytes) -> DamagedFile:
    """What the reader raises."""
    with pytest.raises(DamagedFile) as raised:
        list(read([content]))
    return raised.value


def found_at(read: Read, content: bytes) -> tuple[str, int, int]:
    """The damage's code, line and byte."""
    damage = damage_of(read, content)
    assert damage.wrong
    assert damage.right
    assert str(damage) == f"line {damage.line}, byte {damage.byte}: {damage.wrong}; {damage.right}"
    return damage.code, damage.line, damage.byte


def with_byte(content: bytes, at: int, value: int) -> bytes:
    """The content with another byte at `at` (from 0)."""
    return content[:at] + bytes([value]) + content[at + 1 :]


def put(content: bytes, line: int, at: int, text: bytes, line_bytes: int) -> bytes:
    """The content with `text` at place `at` (from 1, as layouts count) of a line (from 1)."""
    start = (line - 1) * line_bytes + at - 1
    return content[:start] + text + content[start + len(text) :]


def is_found_or_differs(read: Read, content: bytes, altered: bytes) -> bool:
    """Whether an altered file is refused with `DamagedFile`, or at least read as something else."""
    try:
        after: Sequence[Any] = list(read([altered]))
    except DamagedFile as damage:
        return 1 <= damage.byte <= len(altered) + 1
    return after != list(read([content]))


def in_pieces(content: bytes, size: int) -> list[bytes]:
    """The content in chunks, as a line may deliver it."""
    return [content[n : n + size] for n in range(0, len(content), size)]
