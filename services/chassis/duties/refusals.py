"""The named "no" of commands about duties."""

from __future__ import annotations

from contracts.bounds import shown
from contracts.duties.duty import RecordKind
from contracts.vocabulary import Refusal


def record_unknown(kind: RecordKind, record_id: str) -> Refusal:
    return Refusal(
        "duty_record_unknown",
        f"the register holds no {kind} {shown(record_id)}",
        "GET /duties/records lists what it holds",
    )


def answered(kind: RecordKind, record_id: str) -> Refusal:
    return Refusal(
        "duty_answered",
        f"the register holds {kind} {shown(record_id)} already",
        "read it there: it is sent once and not changed",
    )
