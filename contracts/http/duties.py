"""HTTP bodies about the duties that protect personal data: what a party's register holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.http.bodies import Body, InstantOfTime


class DutyRecordView(Body):
    """A record of a party's register of duties."""

    party: str
    """Whose register it is in."""
    kind: RecordKind
    record_id: str
    contractor: str
    """The contractor that it concerns; `ward` for what the ward owes itself."""
    at: InstantOfTime
    due_on: date | None = None
    """By when what it asks for is owed."""
    answers: str = ""
    """Id of the record that it answers."""
    caused_at: datetime | None = None
    """When its cause arose."""
    holds: bool = True
    """False for a check that found something wrong."""
    content: dict[str, Any]
    """The message itself, as on the bus."""

    @property
    def record(self) -> DutyRecord:
        return DutyRecord(
            self.party,
            self.kind,
            self.record_id,
            self.contractor,
            self.at,
            self.due_on,
            self.answers,
            self.caused_at,
            self.holds,
        )
