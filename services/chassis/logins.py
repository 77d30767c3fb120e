"""ログイン記録: every attempt to log in, and the lock-out after repeated failures. Times are the machine's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.access import LoginView
from services.chassis.access.lockout import Attempt, Lockout, Outcome
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant, words
from services.chassis.transaction import Transaction

MALFORMED_USER: Final = "-"
"""Stands for the user of an attempt that names none."""

log = structlog.get_logger(__name__)


class LoginAttempt(BaseModel):
    """What is known of an attempt before it is recorded; `right` is whether its password is the user's."""

    user: str
    at: datetime
    right: bool
    malformed: bool = False


class RecordedLogin(BaseModel):
    outcome: Outcome


class Logins:
    """The table of attempts."""

    def __init__(self, metadata: MetaData, lockout: Lockout) -> None:
        self._lockout = lockout
        self.table = Table(
            "logins",
            metadata,
            Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
            Column("at", Instant, nullable=False),
            Column("user", String, nullable=False, index=True),
            Column("outcome", words(Outcome), nullable=False),
            sqlite_autoincrement=True,
        )
        self._add = Bulk(self.table.insert())

    async def decide(self, attempts: Sequence[LoginAttempt], tx: Transaction) -> Sequence[RecordedLogin]:
        """Admit or refuse each attempt, and record it. A transaction has one attempt of a user at most."""
        earlier = await self._latest_of(tx.session, {a.user for a in attempts})
        outcomes = [self._outcome(attempt, earlier.get(attempt.user, ())) for attempt in attempts]
        rows = [{"at": a.at, "user": a.user, "outcome": o} for a, o in zip(attempts, outcomes, strict=True)]
        await self._add.execute(tx.session, rows)
        return [RecordedLogin(outcome=outcome) for outcome in outcomes]

    async def latest(self, session: AsyncConnection, limit: int) -> Sequence[LoginView]:
        """The latest first."""
        t = self.table
        query = select(t.c.at, t.c.user, t.c.outcome).order_by(t.c.seq.desc()).limit(limit)
        return [LoginView(at=at, user=user, outcome=outcome) for at, user, outcome in await session.execute(query)]

    async def erase(self, session: AsyncConnection, before: datetime) -> int:
        """消去: delete the attempts made before an instant of the machine's clock."""
        return (await session.execute(delete(self.table).where(self.table.c.at < before))).rowcount

    async def count_refused(self, session: AsyncConnection) -> int:
        """How many attempts were not admitted."""
        t = self.table.c
        query = select(func.count()).select_from(self.table).where(t.outcome != Outcome.ADMITTED)
        return int((await session.execute(query)).scalar_one())

    def _outcome(self, attempt: LoginAttempt, earlier: Sequence[Attempt]) -> Outcome:
        if attempt.malformed:
            return Outcome.MALFORMED
        outcome = self._lockout.decide(earlier, attempt.at, attempt.right)
        if outcome is Outcome.LOCKED_OUT:
            log.warning("a user is locked out after repeated failures to log in", user=attempt.user)
        return outcome

    async def _latest_of(self, session: AsyncConnection, users: set[str]) -> Mapping[str, Sequence[Attempt]]:
        t, found = self.table, dict[str, Sequence[Attempt]]()
        decided = t.c.outcome.in_([Outcome.ADMITTED, Outcome.REFUSED])
        for user in users:
            latest = select(t.c.at, t.c.outcome).where(t.c.user == user, decided).order_by(t.c.seq.desc())
            rows = await session.execute(latest.limit(self._lockout.failures))
            found[user] = [Attempt(*row) for row in rows]
        return found
