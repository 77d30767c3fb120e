"""Dead letters: events that could not be handled, stored whole with the reason, to be read, mended and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Row, String, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.cloudevents import Headers
from services.chassis.bus.port import Message
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.messaging.inbox import fingerprint

_headers_encoder = msgspec.msgpack.Encoder()
_headers_decoder = msgspec.msgpack.Decoder(Headers)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was set aside, and why."""

    id: str
    event_type: str
    message: Message
    reason: str
    attempts: int
    failed_at: datetime


class DeadLetters:
    """The table of the messages that were set aside."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "dead_letters",
            metadata,
            Column("id", String, primary_key=True),
            Column("event_type", String, nullable=False),
            Column("topic", String, nullable=False),
            Column("partition", Integer, nullable=False),
            Column("offset", BigInteger, nullable=False),
            Column("key", String, nullable=False),
            Column("value", LargeBinary, nullable=False),
            Column("headers", LargeBinary, nullable=False),
            Column("reason", String, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("failed_at", Instant, nullable=False),
        )
        self._store = Bulk(self.table.insert(), only_missing=True)
        self._count = select(func.count()).select_from(self.table)

    async def store(self, session: AsyncConnection, letter: DeadLetter) -> bool:
        """Store a message that was set aside. Returns False for a redelivery of a stored one, which changes nothing.

        Another message with the same id is stored, too, under the id and its own fingerprint.
        """
        m = letter.message
        earlier = await self.get(session, letter.id)
        taken = earlier is not None and earlier.message.value != m.value
        row = {
            "id": f"{letter.id}+{fingerprint(m.value).hex()}" if taken else letter.id,
            "event_type": letter.event_type,
            "topic": m.topic,
            "partition": m.partition,
            "offset": m.offset,
            "key": m.key,
            "value": m.value,
            "headers": _headers_encoder.encode(m.headers),
            "reason": letter.reason,
            "attempts": letter.attempts,
            "failed_at": letter.failed_at,
        }
        await self._store.execute(session, [row])
        return earlier is None or taken

    async def count(self, session: AsyncConnection) -> int:
        return int((await session.execute(self._count)).scalar_one())

    async def all(self, session: AsyncConnection, limit: int = 1000) -> Sequence[DeadLetter]:
        """The oldest first."""
        query = select(self.table).order_by(self.table.c.failed_at, self.table.c.id).limit(limit)
        return [_letter(row) for row in (await session.execute(query)).all()]

    async def get(self, session: AsyncConnection, letter_id: str) -> DeadLetter | None:
        row = (await session.execute(select(self.table).where(self.table.c.id == letter_id))).one_or_none()
        return None if row is None else _letter(row)

    async def delete(self, session: AsyncConnection, letter_id: str) -> None:
        await session.execute(delete(self.table).where(self.table.c.id == letter_id))


def _letter(r: Row[Any]) -> DeadLetter:
    message = Message(r.topic, r.partition, r.offset, r.key, r.value, _headers_decoder.decode(r.headers))
    return DeadLetter(r.id, r.event_type, message, r.reason, r.attempts, r.failed_at)
