"""Wakes the tasks of this process that wait for a topic to grow or for a group to change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from weakref import WeakSet


def topic_signal(topic: str) -> str:
    return f"topic/{topic}"


def group_signal(group: str) -> str:
    return f"group/{group}"


class News:
    """Which of its signals were given since they were last taken."""

    def __init__(self) -> None:
        self._heard: set[str] = set()
        self._some = asyncio.Event()

    def hear(self, name: str) -> None:
        self._heard.add(name)
        self._some.set()

    def take(self) -> set[str]:
        """Those that were given; from now on none was."""
        heard, self._heard = self._heard, set()
        self._some.clear()
        return heard

    async def wait(self, seconds: float) -> None:
        """Until there is one, `seconds` at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._some.wait()


class Signals:
    """Named signals. One that nobody listens to is lost: listen first, then look, then wait."""

    def __init__(self) -> None:
        self._listeners: dict[str, WeakSet[News]] = {}

    def listen(self, names: Iterable[str]) -> News:
        """From now on, for as long as it is kept."""
        news = News()
        for name in names:
            self._listeners.setdefault(name, WeakSet()).add(news)
        return news

    def give(self, name: str) -> None:
        for news in self._listeners.get(name, ()):
            news.hear(name)
