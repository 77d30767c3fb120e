"""Which picture is read next: places, taken before an upload begins, and turns at the decoder.

A picture may take its full time while no other waits. Once others wait, one that has had a turn gives way, the one that
began first before the rest: so a photo of a slip, which takes a second, is read however slow the files before it are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import Refusal

_LATER: Final = "send the same again later, with the same Idempotency-Key; or send the barcode's digits: POST /scans"


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """`at_once` pictures are read at a time, `waiting` more have a place; times in seconds."""

    at_once: int
    waiting: int
    seconds: float
    """For a picture while no other waits."""
    turn_seconds: float
    """For a picture while others wait."""
    wait_seconds: float
    """Until a turn begins."""


class GaveWay(Exception):
    """The picture was not read to its end, or not at all, because too many others were there."""


class PictureQueue:
    """First come, first served."""

    def __init__(self, terms: QueueTerms) -> None:
        self._terms, self._free = terms, terms.at_once
        self._callers: set[str] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._at_work: dict[asyncio.Timeout, float] = {}
        """The limit of each turn, and when it began; the earliest first."""

    @contextmanager
    def place(self, caller: str) -> Iterator[Refusal | None]:
        """Hold a place during the upload and the reading; a refusal if none is free or the caller holds one."""
        places = self._terms.at_once + self._terms.waiting
        if caller in self._callers:
            yield Refusal("pictures_busy", "another picture under this consent is being read", _LATER)
        elif len(self._callers) >= places:
            yield Refusal("pictures_busy", f"{places} pictures are under way", _LATER)
        else:
            self._callers.add(caller)
            try:
                yield None
            finally:
                self._callers.discard(caller)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and take it. Raises `GaveWay`; `TimeoutError` once the full time is over."""
        await self._begin()
        began, limit = asyncio.get_running_loop().time(), asyncio.timeout(self._terms.seconds)
        try:
            async with limit:
                self._at_work[limit] = began
                self._plan()
                yield
        except TimeoutError:
            when = limit.when()
            if limit.expired() and when is not None and when < began + self._terms.seconds:
                raise GaveWay(f"it was not read within {self._terms.turn_seconds:g} s while others waited") from None
            raise
        finally:
            self._at_work.pop(limit, None)
            self._end()

    async def _begin(self) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._plan()
        try:
            async with asyncio.timeout(self._terms.wait_seconds):
                await turn
        except BaseException as ended:
            if turn.cancelled():
                if turn in self._waiting:  # else `_end` has passed it over
                    self._waiting.remove(turn)
                self._plan()
            else:  # its turn came at the same moment
                self._end()
            if isinstance(ended, TimeoutError):
                raise GaveWay(f"it had no turn within {self._terms.wait_seconds:g} s") from None
            raise

    def _end(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break
        else:
            self._free += 1
        self._plan()

    def _plan(self) -> None:
        """As many turns as there are waiting pictures are short, those that began first."""
        now = asyncio.get_running_loop().time()
        for number, (limit, began) in enumerate(self._at_work.items()):
            seconds = self._terms.turn_seconds if number < len(self._waiting) else self._terms.seconds
            if not limit.expired():
                limit.reschedule(max(now, began + min(seconds, self._terms.seconds)))


def gave_way(failure: GaveWay) -> Refusal:
    return Refusal("pictures_busy", f"many pictures are under way, and this one waited: {failure}", _LATER)
