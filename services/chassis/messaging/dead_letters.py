"""Dead letters: events that could not be handled, stored whole with the reason, to be read, mended and replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Row, String, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.bounds import LONGEST_ID, shown, unstorable_character, wrong_id
from contracts.cloudevents import Headers
from services.chassis.bus.port import Message
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.messaging.inbox import fingerprint

_encoder = msgspec.msgpack.Encoder()
_headers_decoder = msgspec.msgpack.Decoder(Headers)


LONGEST_LABEL = 200
"""Characters of a type or a key that are stored."""
LONGEST_REASON = 4_000
"""Characters of a reason that are stored: a database's own text may hold a whole batch."""


def place_of(message: Message) -> str:
    """Identifies a message among all, whatever it holds."""
    return f"{message.topic}/{message.partition}/{message.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was set aside, and why."""

    id: str
    event_type: str
    message: Message
    reason: str
    attempts: int
    failed_at: datetime

    @classmethod
    def of(cls, message: Message, reason: str, attempts: int, at: datetime, letter_id: str = "") -> Self:
        """The letter of any message: its texts are such as every database stores, whatever the message holds.

        Its id is `letter_id` if given, else the event's, or the message's place in the log if that is no id.
        """
        headers = dict(message.headers)
        own = letter_id or headers.get("ce_id", b"").decode(errors="replace")
        event_type = headers.get("ce_type", b"").decode(errors="replace")
        return cls(
            id=place_of(message) if wrong_id(own) else own,
            event_type=shown(event_type, LONGEST_LABEL) or "unknown",
            message=message,
            reason=shown(reason, LONGEST_REASON),
            attempts=attempts,
            failed_at=at,
        )


@dataclass(frozen=True, slots=True)
class Mended:
    """What stands in place of a dead letter's value, and of some of its headers."""

    value: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def message(self, came: Message) -> Message:
        """The mended message. Its key no longer matters: it only gives an order in the log."""
        kept = [header for header in came.headers if header[0] not in self.headers]
        mended = [(name, text.encode()) for name, text in self.headers.items()]
        return came._replace(key="", value=came.value if self.value is None else self.value, headers=(*kept, *mended))


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

        Another message with the same id is stored, too, under the id and its own fingerprint: another value, other
        headers or another topic.
        """
        m = letter.message
        earlier = await self.get(session, letter.id)
        taken = earlier is not None and _content(earlier.message) != _content(m)
        row = {
            "id": f"{letter.id}+{fingerprint(_encoder.encode(_content(m))).hex()}" if taken else letter.id,
            "event_type": letter.event_type,
            "topic": m.topic,
            "partition": m.partition,
            "offset": m.offset,
            "key": shown(m.key, LONGEST_ID),  # whole: what is sealed is bound to it
            "value": m.value,
            "headers": _encoder.encode(m.headers),
            "reason": letter.reason,
            "attempts": letter.attempts,
            "failed_at": letter.failed_at,
        }
        await self._store.execute(session, [row])
        return earlier is None or taken

    async def count(self, session: AsyncConnection) -> int:
        return int((await session.execute(self._count)).scalar_one())

    async def all(self, session: AsyncConnection, limit: int | None = 1000) -> Sequence[DeadLetter]:
        """The oldest first."""
        query = select(self.table).order_by(self.table.c.failed_at, self.table.c.id).limit(limit)
        return [_letter(row) for row in (await session.execute(query)).all()]

    async def get(self, session: AsyncConnection, letter_id: str) -> DeadLetter | None:
        if unstorable_character(letter_id):
            return None
        row = (await session.execute(select(self.table).where(self.table.c.id == letter_id))).one_or_none()
        return None if row is None else _letter(row)

    async def delete(self, session: AsyncConnection, letter_id: str) -> None:
        await session.execute(delete(self.table).where(self.table.c.id == letter_id))


def _content(message: Message) -> tuple[str, Headers, bytes]:
    return message.topic, message.headers, message.value


def _letter(r: Row[Any]) -> DeadLetter:
    message = Message(r.topic, r.partition, r.offset, r.key, r.value, _headers_decoder.decode(r.headers))
    return DeadLetter(r.id, r.event_type, message, r.reason, r.attempts, r.failed_at)
