"""What every service records about the use of its data, in figures of a report on handling (取扱状況報告)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import Figure
from services.chassis.access_log import AccessLog
from services.chassis.logins import Logins


@dataclass(frozen=True, slots=True)
class Recorded:
    """Counts the entries of the access log, and the logins that were refused."""

    access_log: AccessLog
    logins: Logins

    async def figures(self, session: AsyncConnection) -> Sequence[Figure]:
        return (
            Figure("記録した閲覧", await self.access_log.count(session)),
            Figure("拒否したログイン", await self.logins.count_refused(session)),
        )
