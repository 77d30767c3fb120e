"""A record of the register on paper."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.duty import RecordKind
from contracts.duties.recording import ASKED_BY
from contracts.vocabulary import Refusal
from services.chassis.database import Database
from services.chassis.deferred import Deferred
from services.chassis.duties.letter_forms import Matter
from services.chassis.duties.letters import KINDS_WITH_LETTER, letter_of
from services.chassis.duties.refusals import record_unknown
from services.chassis.duties.register import Register
from services.chassis.paper import CANNOT_PRINT, can_print, print_letter

FINGERPRINT: Final[Deferred[str]] = Deferred("contracts.signatures:fingerprint_of")


async def printed(database: Database, register: Register, kind: RecordKind, record_id: str) -> bytes | Refusal:
    """The letter of a record, as a PDF."""
    if not can_print():
        return CANNOT_PRINT
    async with database.read() as session:
        matter = await _matter(session, register, kind, record_id)
    if isinstance(matter, Refusal):
        return matter
    return await asyncio.to_thread(print_letter, letter_of(matter))


async def _matter(session: AsyncConnection, register: Register, kind: RecordKind, record_id: str) -> Matter | Refusal:
    entry = await register.find(session, kind, record_id)
    if entry is None or kind not in KINDS_WITH_LETTER:
        return record_unknown(kind, record_id)
    record, asked = entry.record, ASKED_BY.get(kind)
    before = None if asked is None else await register.find(session, asked, record.answers)
    responsible = await register.responsible(session, record.contractor, record.at)
    return Matter(entry, before, responsible, FINGERPRINT.load())
