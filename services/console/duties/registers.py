"""The parties' registers of duties (記録簿), as they are read: from a running stack, or from a data folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from contracts.http.duties import DutyRecordView
from contracts.parties import PARTIES
from services.chassis.duties.register import Register, Wanted, views
from services.console.books.reading import read_party
from services.console.stack.clients import StackClient, Unreachable

MOST: Final = 10_000
"""The latest records of a register that are read."""


async def registers_of_stack(client: StackClient) -> Sequence[DutyRecordView]:
    """All records of all parties, the oldest first. Raises `Refused`; `Unreachable` if no party answers."""
    found: list[DutyRecordView] = []
    silent: list[Unreachable] = []
    for party in PARTIES:
        try:
            answer = await client.get(party, "/duties/records", limit=MOST)
        except Unreachable as unreachable:
            silent.append(unreachable)
        else:
            found += map(DutyRecordView.model_validate, answer)
    if len(silent) == len(PARTIES):
        raise silent[0]
    return _in_order(found)


async def registers_in_folder(folder: Path) -> Sequence[DutyRecordView]:
    """All records of all parties, the oldest first. Raises `LookupError` for a database that cannot be read."""
    found: list[DutyRecordView] = []
    for party in PARTIES:
        read = partial(Register(MetaData(), party).listed, wanted=Wanted(limit=MOST))
        found += views(await read_party(folder, party, read))
    return _in_order(found)


def _in_order(records: Iterable[DutyRecordView]) -> Sequence[DutyRecordView]:
    return sorted(records, key=lambda record: (record.at, record.kind, record.record_id, record.party))
