"""Transactional outbox: what a transaction announces commits with its effects, as rows of a table, and is sent later.

All events that a transaction publishes are one row; each timer is another row, due at `not_before`. A row is deleted
once the bus has made its records durable, so the table holds what may still have to be sent. `relay.py` sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    not_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus.port import Record
from services.chassis.database.bulk import Bulk, as_rows
from services.chassis.database.columns import EPOCH, Instant
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup, Removal
from services.chassis.transaction import Announcements, Timer

SENDER = "relay"
"""The lease of the one process of a party that sends, and the channel on which the others notify it of rows."""
ROWS_PER_SEND = 200
"""Rows read from the table at a time."""

_NOTIFY = text("SELECT pg_notify(:channel, '')")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class OutboxRow(NamedTuple):
    """What one transaction published, or one timer."""

    seq: int
    records: Sequence[Record]


class Written(NamedTuple):
    """What a transaction has written to the outbox."""

    seq: int = 0
    """The row with the published events; 0 if there are none."""
    others_unsent: bool = False
    """Whether the table has a published row that the writer did not know of: another process's, to be sent first."""


class Outlook(NamedTuple):
    """How many rows are due and unsent, when the next one is due (None for never), and the first of those unsent."""

    due: int
    next_due: datetime | None
    oldest_due: int | None


class Outbox:
    """The table of what a party has to send; every method works within the transaction of `session`.

    `not_before` is 1970 for a row that is sent at once.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.table = t = Table(
            "outbox",
            metadata,
            Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
            Column("not_before", Instant, nullable=False, index=True),
            Column("timer", String, index=True),
            Column("records", LargeBinary, nullable=False),
            sqlite_autoincrement=True,
        )
        self._schedule = Bulk(t.insert())
        in_order = select(t.c.seq).order_by(t.c.seq)
        cancelled = in_order.where(in_list(t.c.timer, "timers")).with_for_update()
        sent = in_order.where(in_list(t.c.seq, "sent")).with_for_update(skip_locked=True)
        self._cancel, self._delete = (Removal(delete(t).where(t.c.seq.in_(rows))) for rows in (cancelled, sent))
        due = (
            select(t.c.seq, t.c.records)
            .where(t.c.not_before <= bindparam("now"))
            .order_by(t.c.not_before, t.c.seq)
            .limit(ROWS_PER_SEND)
        )
        next_due = select(func.min(t.c.not_before)).where(t.c.not_before > bindparam("now"))
        unsent = t.c.not_before <= bindparam("now"), not_(in_list(t.c.seq, "sent"))
        others = select(t.c.seq).where(t.c.not_before == EPOCH, not_(in_list(t.c.seq, "known"))).limit(1)
        self._due, self._next_due, self._others = Lookup(due), Lookup(next_due), Lookup(others)
        columns = t.c.not_before, t.c.timer, t.c.records
        self._publish = Lookup(t.insert().values({c.name: bindparam(c.name) for c in columns}).returning(t.c.seq))
        given = as_rows({c.name: c.type for c in columns})
        self._write_all = Lookup(
            postgresql.insert(t)
            .from_select(columns, select(*given.c))
            .returning(t.c.seq, exists(others.correlate(None)).label("others"))
        )
        self._outlook = select(
            select(func.count()).where(*unsent).select_from(t).scalar_subquery(),
            next_due.scalar_subquery(),
            select(func.min(t.c.seq)).where(*unsent).scalar_subquery(),
        )

    async def write(
        self, session: AsyncConnection, announced: Announcements, *, known: Sequence[int], sent: Sequence[int]
    ) -> Written:
        """Delete cancelled timers and the rows that were `sent`, insert published events and scheduled timers.

        `known` are the rows that this process has sent or is about to send. Rows that were sent are deleted after the
        cancelled ones, and skipped if another transaction has locked them (which then deletes them): so a transaction
        never waits here for one that waits for it.
        """
        if announced.cancelled:
            await self._cancel.execute(session, timers=announced.cancelled)
        if sent:
            await self.delete(session, sent)
        timers = list(map(_timer_row, announced.scheduled))
        if not announced.published:
            await self._schedule.execute(session, timers)
            return Written()
        published = _published_row(announced.published)
        if session.dialect.name == "postgresql":  # one statement, which does not see its own rows
            rows = [*timers, published]
            columns = {name: [row[name] for row in rows] for name in published}
            return Written(*(await self._write_all.rows(session, **columns, known=known))[-1])
        await self._schedule.execute(session, timers)
        others_unsent = bool(await self._others.rows(session, known=known))
        ((seq,),) = await self._publish.rows(session, **published)
        return Written(seq, others_unsent)

    async def due(self, session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        """The rows that are due, the oldest first, at most `ROWS_PER_SEND`."""
        return [OutboxRow(seq, _decoder.decode(records)) for seq, records in await self._due.rows(session, now=now)]

    async def next_due(self, session: AsyncConnection, now: datetime) -> datetime | None:
        """When the first row that is not due yet will be; None if there is none."""
        ((earliest,),) = await self._next_due.rows(session, now=now)
        return cast("datetime | None", earliest)

    async def delete(self, session: AsyncConnection, sent: Sequence[int]) -> None:
        """Delete rows that the bus has made durable."""
        await self._delete.execute(session, sent=sent)

    async def outlook(self, session: AsyncConnection, now: datetime, sent: Sequence[int]) -> Outlook:
        """What is due at `now`, apart from the rows in `sent`, and what comes next."""
        found = await session.execute(self._outlook, {"now": now, "sent": sent})
        return Outlook(*found.one())

    async def notify_sender(self, session: AsyncConnection) -> None:
        """On PostgreSQL, notify the sender when this transaction commits; on SQLite it polls each second."""
        if session.dialect.name == "postgresql":
            await session.execute(_NOTIFY, {"channel": SENDER})


def _timer_row(timer: Timer) -> dict[str, Any]:
    return {"not_before": timer.at, "timer": timer.name, "records": _encoder.encode([timer.record])}


def _published_row(records: Sequence[Record]) -> dict[str, Any]:
    return {"not_before": EPOCH, "timer": None, "records": _encoder.encode(records)}
