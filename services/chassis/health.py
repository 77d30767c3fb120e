"""How a service does: its lag, its outbox, its dead letters, and what waits. Each is read for itself.

An outage of the database leaves the lag known, one of the bus the rows; what cannot be read within 2 s waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from contracts.http.service import WaitingFor
from services.chassis.messaging.outbox import Outlook
from services.chassis.outages import is_outage, said
from services.chassis.waits import Wait, Waits

T = TypeVar("T")

ANSWER_SECONDS: Final = 2.0
"""Less than a console waits for a status, so that it learns the reason."""
_UNSENT: Final = "sending what the outbox holds for long"
_DECISION: Final = "waiting for a decision"
_LAG: Final = "reading how far the topics are"
_ROWS: Final = "reading the outbox and the dead letters"
_WRITING: Final = "beginning a transaction that writes"


class Rows(NamedTuple):
    """What the database holds that is not done."""

    outbox: Outlook
    dead_letters: int


class Reading(NamedTuple):
    """None for what cannot be known now."""

    lag: Mapping[str, int] | None
    rows: Rows | None


@dataclass
class Health:
    """Reads how the service does, and records what waits."""

    waits: Waits
    read_lag: Callable[[], Awaitable[Mapping[str, int]]]
    read_rows: Callable[[], Awaitable[Rows]]
    can_write: Callable[[], Awaitable[None]]
    _under_way: dict[str, asyncio.Task[object]] = field(default_factory=dict)
    _oldest_due: int | None = None

    async def read(self) -> Reading:
        """The topics are read before the outbox: what a handled event has published is in the outbox by then."""
        lag = await self._asked("bus", _LAG, self.read_lag)
        rows = await self._asked("database", _ROWS, self.read_rows)
        if rows is not None:
            self._watch(rows)
        if any(wait.doing == _WRITING for wait in self.waits.all()):
            await self._asked("database", _WRITING, self.can_write)
        return Reading(lag, rows)

    async def obstacles(self) -> Sequence[Wait]:
        """What keeps the service from its work now."""
        await self.read()
        await self._asked("database", _WRITING, self.can_write)
        return [wait for wait in self.waits.all() if wait.what != "dead_letters"]

    def close(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    def _watch(self, rows: Rows) -> None:
        """A due row that is still the oldest one later on is not being sent, by this process or another."""
        due, oldest = rows.outbox.due, rows.outbox.oldest_due
        if oldest != self._oldest_due:
            self.waits.ended("relay", _UNSENT)
            self._oldest_due = oldest
        if oldest is not None:
            because = f"{due} rows are due, and no process of this party sends them"
            self.waits.began("relay", _UNSENT, because, if_long=True)
        if rows.dead_letters:
            because = f"{rows.dead_letters} events were set aside; see sansha dead-letters list"
            self.waits.began("dead_letters", _DECISION, because)
        else:
            self.waits.ended("dead_letters", _DECISION)

    async def _asked(self, what: WaitingFor, doing: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        """None if there is no answer in time. A question without an answer goes on: a cancelled one may break a
        connection. It is not asked twice at a time, and its late answer is not used: it would be an old one."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while (earlier := self._under_way.get(doing)) is not None:
                    await asyncio.wait({earlier})
                    if self._under_way.get(doing) is earlier:
                        del self._under_way[doing]
                task = asyncio.ensure_future(ask())
                task.add_done_callback(_looked_at)
                self._under_way[doing] = task
                await asyncio.wait({task})
                self._under_way.pop(doing, None)
            answer = task.result()
        except Exception as failure:
            if not is_outage(failure):
                raise
            self.waits.began(what, doing, said(failure))
            return None
        self.waits.ended(what, doing)
        return answer


def _looked_at(task: asyncio.Task[object]) -> None:
    """A failure that came too late is no surprise to the event loop."""
    if not task.cancelled():
        task.exception()
