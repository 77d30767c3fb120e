"""Wakes the tasks of this process that wait for an append to a topic or for a change in a group."""

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
    """A listener: collects the names of signals given since it last took them."""

    def __init__(self) -> None:
        self._heard: set[str] = set()
        self._some = asyncio.Event()

    def hear(self, name: str) -> None:
        self._heard.add(name)
        self._some.set()

    def take(self) -> set[str]:
        """The collected names; the listener then starts again with none."""
        heard, self._heard = self._heard, set()
        self._some.clear()
        return heard

    async def wait(self, seconds: float) -> None:
        """Wait until there is one, at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._some.wait()


class Signals:
    """Named signals. A signal without a listener is lost: listen first, then read, then wait."""

    def __init__(self) -> None:
        self._listeners: dict[str, WeakSet[News]] = {}

    def listen(self, names: Iterable[str]) -> News:
        """A listener to these names, for as long as the object is referenced."""
        news = News()
        for name in names:
            self._listeners.setdefault(name, WeakSet()).add(news)
        return news

    def give(self, name: str) -> None:
        for news in self._listeners.get(name, ()):
            news.hear(name)
