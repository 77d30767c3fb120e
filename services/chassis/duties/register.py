"""特記事項の記録簿: what a party sent and received about the protection of personal data.

A record is added once and never changed or deleted here. Its kind and its id are a unique key: what arrives again
changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Boolean, Column, Date, MetaData, String, Table, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.duties.recording import findings_in
from contracts.http.duties import DutyRecordView
from contracts.vocabulary import HandlerRole
from services.chassis.database.columns import Instant, words

Key = tuple[RecordKind, str]
"""Kind and id."""


class Registered(NamedTuple):
    """A record with the message that it is."""

    record: DutyRecord
    content: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.record.kind, self.record.record_id

    @property
    def view(self) -> DutyRecordView:
        return DutyRecordView(**self.record._asdict(), content=self.content)


class Wanted(NamedTuple):
    """Which records to list; None for any. The latest first, at most `limit`."""

    kind: RecordKind | None = None
    contractor: str | None = None
    answers: str | None = None
    limit: int = 1_000


class Register:
    """The table of records of one party; every method works within the transaction of `session`."""

    def __init__(self, metadata: MetaData, party: str) -> None:
        self.party = party
        self.table = Table(
            "duty_records",
            metadata,
            Column("kind", words(RecordKind), primary_key=True),
            Column("record_id", String, primary_key=True),
            Column("contractor", String, nullable=False),
            Column("at", Instant, nullable=False, index=True),
            Column("due_on", Date),
            Column("answers", String, nullable=False, index=True),
            Column("caused_at", Instant),
            Column("holds", Boolean, nullable=False),
            Column("content", String, nullable=False),
        )

    async def add(self, session: AsyncConnection, entries: Sequence[Registered]) -> None:
        """Insert records that are not there. Raises `IntegrityError` for one that another replica has just added."""
        rows = [
            {**entry.record._asdict(), "content": msgspec.json.encode(entry.content).decode()}
            for entry in sorted(entries, key=lambda entry: entry.key)
        ]
        for row in rows:
            del row["party"], row["findings"]
        if rows:
            await session.execute(insert(self.table), rows)

    async def known(self, session: AsyncConnection, keys: Collection[Key]) -> set[Key]:
        """Those of these records that are there."""
        if not keys:
            return set()
        t = self.table.c
        found = await session.execute(select(t.kind, t.record_id).where(tuple_(t.kind, t.record_id).in_([*keys])))
        return {(kind, record_id) for kind, record_id in found}

    async def find(self, session: AsyncConnection, kind: RecordKind, record_id: str) -> Registered | None:
        t = self.table.c
        rows = await session.execute(select(self.table).where(t.kind == kind, t.record_id == record_id))
        return next(map(self._registered, rows), None)

    async def first(self, session: AsyncConnection, kind: RecordKind, begins: str) -> Registered | None:
        """The earliest record of a kind that holds and whose id begins so."""
        t = self.table.c
        query = select(self.table).where(t.kind == kind, t.holds, t.record_id.startswith(begins, autoescape=True))
        rows = await session.execute(query.order_by(t.at, t.record_id).limit(1))
        return next(map(self._registered, rows), None)

    async def listed(self, session: AsyncConnection, wanted: Wanted) -> Sequence[Registered]:
        """The latest first."""
        t = self.table.c
        query = select(self.table).order_by(t.at.desc(), t.kind, t.record_id).limit(wanted.limit)
        for column, value in ((t.kind, wanted.kind), (t.contractor, wanted.contractor), (t.answers, wanted.answers)):
            if value is not None:
                query = query.where(column == value)
        return [*map(self._registered, await session.execute(query))]

    async def count(self, session: AsyncConnection, *kinds: RecordKind, contractor: str | None = None) -> int:
        """How many records there are of these kinds."""
        t = self.table.c
        query = select(func.count()).select_from(self.table).where(t.kind.in_(kinds))
        if contractor is not None:
            query = query.where(t.contractor == contractor)
        return int((await session.execute(query)).scalar_one())

    async def has_since(self, session: AsyncConnection, kind: RecordKind, contractor: str, since: datetime) -> bool:
        """Whether there is a record of a kind that concerns a contractor, from an instant on."""
        t = self.table.c
        query = select(t.record_id).where(t.kind == kind, t.contractor == contractor, t.at >= since).limit(1)
        return (await session.execute(query)).first() is not None

    async def responsible(self, session: AsyncConnection, contractor: str, at: datetime) -> str:
        """The responsible person (取扱責任者) of a contractor at an instant, as last named; empty if none was."""
        t, kind = self.table.c, RecordKind.HANDLERS_NAMED
        query = select(self.table).where(t.kind == kind, t.contractor == contractor, t.at <= at).order_by(t.at.desc())
        found = [*map(self._registered, await session.execute(query.limit(1)))]
        named = found[0].content["handlers"] if found else ()
        return next((name for name, role, _ in named if role == HandlerRole.RESPONSIBLE), "")

    def _registered(self, row: Any) -> Registered:
        found = row._asdict()
        content = msgspec.json.decode(found.pop("content"))
        findings = findings_in(found["kind"], content)
        return Registered(DutyRecord(party=self.party, **found, findings=findings), content)


def views(entries: Iterable[Registered]) -> Sequence[DutyRecordView]:
    return [entry.view for entry in entries]
