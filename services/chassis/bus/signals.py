"""Wakes the tasks of this process that wait for a topic to grow or for a group to change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


def topic_signal(topic: str) -> str:
    return f"topic/{topic}"


def group_signal(group: str) -> str:
    return f"group/{group}"


class Signals:
    """Named signals. One that nobody listens to is lost: listen first, then look, then wait."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def listening(self, names: Iterable[str]) -> Iterator[asyncio.Event]:
        """An event that is set when any of the names is given."""
        event, wanted = asyncio.Event(), tuple(names)
        for name in wanted:
            self._listeners.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            for name in wanted:
                self._listeners[name].discard(event)

    def give(self, name: str) -> None:
        for event in self._listeners.get(name, ()):
            event.set()


async def signalled(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, `seconds` at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
