"""Erases what every service holds: stored answers, dead letters, logins, persons of the access log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.erasing import Cut, Rule
from contracts.sealing import UnopenableEvent, period_of
from services.chassis.access_log import AccessLog
from services.chassis.bus.port import Message
from services.chassis.clock import real_now
from services.chassis.commands import Answers
from services.chassis.erasure.data import Gone
from services.chassis.erasure.rules import ACCESSES, ANSWERS, LETTERS, LOGINS
from services.chassis.logins import Logins
from services.chassis.messaging.dead_letters import DeadLetters


@dataclass(frozen=True, slots=True)
class OwnData:
    """`opened` opens a sealed message; it raises `UnopenableEvent`."""

    answers: Answers
    letters: DeadLetters
    logins: Logins
    access_log: AccessLog
    opened: Callable[[Message], Message]

    async def erase(self, session: AsyncConnection, cut: Cut, now: datetime, gone: Gone) -> Mapping[Rule, int]:
        """`gone` is what became of the party's own rows. Logins have the machine's times, so their age decides."""
        aged = real_now() - (now - cut.before)
        return {
            ANSWERS: await self.answers.erase(session, cut.before),
            LETTERS: await self._erase_letters(session, cut, gone),
            LOGINS: await self.logins.erase(session, aged),
            ACCESSES: await self.access_log.erase_persons(session, cut.before, gone.persons),
        }

    async def oldest_month(self, session: AsyncConnection, now: datetime) -> str:
        """The month of the oldest dead letter: the keys from it on are still needed; this month without any."""
        letters = await self.letters.all(session)
        return min([period_of(now), *(period_of(letter.failed_at) for letter in letters)])

    async def _erase_letters(self, session: AsyncConnection, cut: Cut, gone: Gone) -> int:
        kept, erased = set(gone.kept), set(gone.erased)
        ended = []
        for letter in await self.letters.all(session, limit=None):
            named = self._named(letter.message, kept | erased)
            if named & erased or (letter.failed_at < cut.before and not named & kept):
                ended.append(letter.id)
        for letter_id in ended:
            await self.letters.delete(session, letter_id)
        return len(ended)

    def _named(self, message: Message, ids: set[str]) -> set[str]:
        """Those of these payments that a message names."""
        try:
            value = self.opened(message).value
        except UnopenableEvent:
            return set()
        return {one for one in ids if one.encode() in value}
