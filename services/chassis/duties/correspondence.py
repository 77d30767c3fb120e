"""How a record comes into the register: with a message that is sent, or with one that arrives.

What asks for something has a day by which it is owed. If the staff are simulated, a timer is set for the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from contracts.duties.duty import RecordKind
from contracts.duties.recording import ANSWERS, record_of
from contracts.events import DutyEvent
from contracts.http.duties import DutyRecordView
from contracts.vocabulary import Refusal
from services.chassis.duties.refusals import answered, record_unknown
from services.chassis.duties.register import Register, Registered
from services.chassis.duties.terms import DutyTerms
from services.chassis.duties.timers import DutyDue
from services.chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The register of a party, and the messages by which it grows."""

    register: Register
    terms: DutyTerms
    makes: frozenset[RecordKind] = frozenset()
    """The kinds of records that the party's simulated staff make."""

    async def send(self, event: DutyEvent, tx: Transaction) -> DutyRecordView:
        """Register a message and publish it."""
        tx.publish(event)
        return await self.enter(self.registered(event), tx)

    async def receive(self, events: Sequence[DutyEvent], tx: Transaction) -> None:
        """Register what arrived. A message that is there already changes nothing (`On.natural_key`)."""
        await self.receive_entries(events, [self.registered(event) for event in events], tx)

    async def receive_entries(
        self, events: Sequence[DutyEvent], entries: Sequence[Registered], tx: Transaction
    ) -> None:
        """Register what arrived, as these entries."""
        known = await self.register.known(tx.session, {entry.key for entry in entries})
        fresh: dict[tuple[RecordKind, str], Registered] = {}
        for event, entry in zip(events, entries, strict=True):
            if entry.key in known or entry.key in fresh:
                tx.repeated.append(event)
            else:
                fresh[entry.key] = entry
        await self.register.add(tx.session, [*fresh.values()])
        for entry in fresh.values():
            self._plan_answer(entry, tx)

    async def enter(self, entry: Registered, tx: Transaction) -> DutyRecordView:
        """Register what is no message: what the ward owes itself, or the day of an erasure."""
        await self.register.add(tx.session, [entry])
        self._plan_answer(entry, tx)
        return entry.view

    async def to_answer(
        self, asked: RecordKind, record_id: str, by: RecordKind, tx: Transaction
    ) -> Registered | Refusal:
        """The record that is to be answered; refused if there is none, or if it has been answered."""
        found = await self.register.find(tx.session, asked, record_id)
        if found is None:
            return record_unknown(asked, record_id)
        if (by, record_id) in await self.register.known(tx.session, [(by, record_id)]):
            return answered(by, record_id)
        return found

    def making(self, *kinds: RecordKind) -> Correspondence:
        return replace(self, makes=frozenset(kinds))

    def registered(self, event: DutyEvent) -> Registered:
        return Registered(record_of(self.register.party, event), msgspec.to_builtins(event))

    def _plan_answer(self, entry: Registered, tx: Transaction) -> None:
        record, answer = entry.record, ANSWERS.get(entry.record.kind)
        if self.terms.kept and answer is not None and answer in self.makes and record.due_on is not None:
            at = max(self.terms.done_at(record.due_on), tx.now)
            tx.schedule(DutyDue(make=answer, about=record.record_id), at)
