"""Dead letters over HTTP: how one is shown, and the request to handle it again in a mended form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from pydantic import BaseModel

from contracts.bounds import shown
from contracts.http.service import DeadLetterView
from contracts.sealing import UnopenableEvent, as_text
from services.chassis.bus.port import Message
from services.chassis.messaging.dead_letters import LONGEST_LABEL, DeadLetter, Mended

DEEPEST_SHOWN = 50
"""Levels of nesting of a dead letter's value up to which it is shown as JSON."""


class Replay(BaseModel):
    letter_id: str
    value: dict[str, Any] | None

    @property
    def mended(self) -> Mended:
        return Mended(None if self.value is None else json.dumps(self.value, ensure_ascii=False).encode())


class ReplayWithHeaders(Replay):
    """Apart, so that the stored answers of requests without headers stay valid."""

    headers: dict[str, str]

    @property
    def mended(self) -> Mended:
        return replace(super().mended, headers=self.headers)


def view(letter: DeadLetter, opened: Callable[[Message], Message]) -> DeadLetterView:
    """A sealed letter is shown opened, or as base64url if it cannot be."""
    m = letter.message
    try:
        m = opened(m)
        value = _readable(m.value)
    except UnopenableEvent:
        value = as_text(m.value)
    return DeadLetterView(
        id=letter.id,
        event_type=letter.event_type,
        topic=m.topic,
        partition=m.partition,
        offset=m.offset,
        reason=letter.reason,
        attempts=letter.attempts,
        failed_at=letter.failed_at,
        value=value,
        headers={shown(name): shown(content.decode(errors="replace"), LONGEST_LABEL) for name, content in m.headers},
    )


def _readable(value: bytes) -> Any:
    """The JSON of a value; its text if it is none, or none that every reader of an answer can hold."""
    try:
        read = msgspec.json.decode(value)
        if _depth(read) <= DEEPEST_SHOWN:
            return read
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return value.decode(errors="replace")


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, counted up to one more than `DEEPEST_SHOWN`."""
    depth, level = 0, [value]
    while level and depth <= DEEPEST_SHOWN:
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [part for parts in inner for part in parts]
        depth += bool(inner)
    return depth
