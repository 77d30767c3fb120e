"""Transactional outbox: what a transaction announces commits with its effects and is sent afterwards.

Publishing is one row per transaction, a timer is a row with `not_before`. A row is deleted once the bus keeps it: what
is in the table is what is unsent. `relay.py` sends it. Beside a database in memory there is no table (`in_memory.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, cast

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
from services.chassis.transaction import Transaction

SENDER = "relay"
"""The lease of the one process of a party that sends, and the channel on which it is told of rows."""
ROWS_PER_SEND = 200
"""How many rows are read at once."""

_NOTIFY = text("SELECT pg_notify(:channel, '')")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


def outbox_table(metadata: MetaData) -> Table:
    """The table, to be declared among a party's own. `not_before` is 1970 for what is sent at once."""
    return Table(
        "outbox",
        metadata,
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("not_before", Instant, nullable=False, index=True),
        Column("timer", String, index=True),
        Column("records", LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )


class OutboxRow(NamedTuple):
    """What one transaction announced, or one timer."""

    seq: int
    records: Sequence[Record]


class Outlook(NamedTuple):
    """How many rows should have been sent by now, and when the next one is due; None for never."""

    due: int
    next_due: datetime | None


class Unsent(Protocol):
    """What a party has left to send, in a table or in memory. `session` is a transaction of its database."""

    async def write(self, tx: Transaction) -> None:
        """Inside the transaction: drop cancelled timers and what was sent, keep what was published and scheduled.

        By the time the transaction has committed, `tx.outbox_seq` is the row of what was published, and
        `tx.others_unsent` tells whether the table has announcements besides it and those in `tx.in_hand`. Where timers
        were cancelled and looking costs nothing, `tx.looked_ahead`, and `tx.next_timer` is the first time after
        `tx.now` at which one is due.
        """

    async def due(self, session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        """What should have been sent by now, the oldest first, at most `ROWS_PER_SEND`."""

    async def next_due(self, session: AsyncConnection, now: datetime) -> datetime | None:
        """When the first row that is not due yet will be; None where there is none."""

    async def forget(self, session: AsyncConnection, sent: Sequence[int]) -> None:
        """The bus has them."""

    async def outlook(self, session: AsyncConnection, now: datetime, sent: Sequence[int]) -> Outlook:
        """What is due by now, those in `sent` apart, and what comes next."""

    async def notify_sender(self, session: AsyncConnection) -> None:
        """When this transaction commits, whoever holds the lease hears of it."""


def _timer_row(scheduled: tuple[datetime, str, Record]) -> dict[str, Any]:
    at, name, record = scheduled
    return {"not_before": at, "timer": name, "records": _encoder.encode([record])}


def _announcement(tx: Transaction) -> dict[str, Any]:
    return {"not_before": EPOCH, "timer": None, "records": _encoder.encode(tx.published)}


class Outbox:
    """`Unsent` in a table."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = t = outbox_table(metadata)
        self._schedule = Bulk(t.insert())
        in_order = select(t.c.seq).order_by(t.c.seq)
        cancelled = in_order.where(in_list(t.c.timer, "timers")).with_for_update()
        sent = in_order.where(in_list(t.c.seq, "sent")).with_for_update(skip_locked=True)
        self._cancel, self._forget = (Removal(delete(t).where(t.c.seq.in_(rows))) for rows in (cancelled, sent))
        due = (
            select(t.c.seq, t.c.records)
            .where(t.c.not_before <= bindparam("now"))
            .order_by(t.c.not_before, t.c.seq)
            .limit(ROWS_PER_SEND)
        )
        next_due = select(func.min(t.c.not_before)).where(t.c.not_before > bindparam("now"))
        unsent = t.c.not_before <= bindparam("now"), not_(in_list(t.c.seq, "sent"))
        others = select(t.c.seq).where(t.c.not_before == EPOCH, not_(in_list(t.c.seq, "known"))).limit(1)
        self._due, self._next = Lookup(due), Lookup(next_due)
        self._others = Lookup(others)
        columns = t.c.not_before, t.c.timer, t.c.records
        self._announce = Lookup(t.insert().values({c.name: bindparam(c.name) for c in columns}).returning(t.c.seq))
        given = as_rows({c.name: c.type for c in columns})
        self._keep_all = Lookup(
            postgresql.insert(t)
            .from_select(columns, select(*given.c))
            .returning(t.c.seq, exists(others.correlate(None)).label("others"))
        )
        self._outlook = select(
            select(func.count()).where(*unsent).select_from(t).scalar_subquery(), next_due.scalar_subquery()
        )

    async def write(self, tx: Transaction) -> None:
        """See `Unsent`.

        Rows that were sent are deleted after those that are cancelled, and only where nobody else is at them (who
        then deletes them): so nobody waits here for a transaction that waits for this one.
        """
        if tx.cancelled:
            await self._cancel.execute(tx.session, timers=tx.cancelled)
        if tx.forgotten:
            await self.forget(tx.session, tx.forgotten)
        timers = list(map(_timer_row, tx.scheduled))
        if (
            tx.published and tx.session.dialect.name == "postgresql"
        ):  # in one statement, which does not see its own rows
            rows = [*timers, _announcement(tx)]
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            found = await self._keep_all.rows(tx.session, **columns, known=tx.in_hand)
            tx.outbox_seq, tx.others_unsent = found[-1]
            return
        await self._schedule.execute(tx.session, timers)
        if tx.published:
            tx.others_unsent = bool(await self._others.rows(tx.session, known=tx.in_hand))
            ((tx.outbox_seq,),) = await self._announce.rows(tx.session, **_announcement(tx))

    async def due(self, session: AsyncConnection, now: datetime) -> Sequence[OutboxRow]:
        return [OutboxRow(seq, _decoder.decode(records)) for seq, records in await self._due.rows(session, now=now)]

    async def next_due(self, session: AsyncConnection, now: datetime) -> datetime | None:
        ((earliest,),) = await self._next.rows(session, now=now)
        return cast("datetime | None", earliest)

    async def forget(self, session: AsyncConnection, sent: Sequence[int]) -> None:
        await self._forget.execute(session, sent=sent)

    async def outlook(self, session: AsyncConnection, now: datetime, sent: Sequence[int]) -> Outlook:
        found = await session.execute(self._outlook, {"now": now, "sent": sent})
        return Outlook(*found.one())

    async def notify_sender(self, session: AsyncConnection) -> None:
        """See `Unsent`; SQLite's sender looks each second."""
        if session.dialect.name == "postgresql":
            await session.execute(_NOTIFY, {"channel": SENDER})
