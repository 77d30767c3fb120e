"""照合点: the last entry of an access log on a day, signed, which the other parties keep.

A contractor tells the ward, the ward every contractor. With a checkpoint that another party holds, nobody can write a
log anew, or cut off its end, without its being found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access_log import checkpoint_text
from contracts.bounds import LAST_INSTANT
from contracts.duties.duty import RecordKind
from contracts.events import AccessLogCheckpointed
from contracts.parties import WARD, Contractor
from contracts.vocabulary import on_the_clock
from services.chassis.access_log import AccessLog
from services.chassis.consumer import On
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.timers import CheckpointDue
from services.chassis.signing import Signer, is_signed
from services.chassis.transaction import Transaction

KIND = RecordKind.ACCESS_LOG_CHECKPOINTED


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Those that a party sends, and those that it keeps of others."""

    correspondence: Correspondence
    log: AccessLog
    signer: Signer

    @property
    def subscriptions(self) -> Sequence[On]:
        return (
            On(AccessLogCheckpointed, self.keep, natural_key=True),
            On(CheckpointDue, self.announce, natural_key=True),
        )

    def plan(self, day: date, tx: Transaction) -> None:
        """Announce the day's last entry once the day is over."""
        at, timer = on_the_clock(day + timedelta(days=1), time.min), CheckpointDue(on=day)
        if at <= LAST_INSTANT:
            tx.cancel(CheckpointDue, [timer.subject])
            tx.schedule(timer, at)

    async def announce(self, dues: Sequence[CheckpointDue], tx: Transaction) -> None:
        """Send the last entry of each day, once."""
        party = self.correspondence.register.party
        days = {due.on: (KIND, f"{party}/{due.on}") for due in dues}
        known = await self.correspondence.register.known(tx.session, days.values())
        for day, key in days.items():
            last = await self.log.last_until(tx.session, _end_of(day))
            if last is None or key in known:
                continue
            sent = [self._checkpoint(day, *last, contractor) for contractor in self._towards]
            for event in sent:
                tx.publish(event)
            await self.correspondence.enter(self.correspondence.registered(sent[0]), tx)

    @property
    def _towards(self) -> Sequence[Contractor]:
        party = self.correspondence.register.party
        return [*Contractor] if party == WARD else [Contractor(party)]

    def _checkpoint(self, day: date, number: int, mark: str, contractor: Contractor) -> AccessLogCheckpointed:
        party = self.correspondence.register.party
        return AccessLogCheckpointed(
            contractor=contractor,
            party=party,
            on=day,
            number=number,
            mark=mark,
            public_key=self.signer.public_key,
            signature=self.signer.sign(checkpoint_text(party, day, number, mark)),
        )

    async def keep(self, events: Sequence[AccessLogCheckpointed], tx: Transaction) -> None:
        """Register those of others. One that is not signed with its party's key is kept, as one that does not hold."""
        keys = await self._keys({event.party for event in events}, tx.session)
        entries = []
        for event in events:
            text = checkpoint_text(event.party, event.on, event.number, event.mark)
            holds = is_signed(event.public_key, event.signature, text)
            holds = holds and keys.setdefault(event.party, event.public_key) == event.public_key
            entry = self.correspondence.registered(event)
            entries.append(entry._replace(record=entry.record._replace(holds=holds)))
        await self.correspondence.receive_entries(events, entries, tx)

    async def _keys(self, parties: Collection[str], session: AsyncConnection) -> dict[str, str]:
        """Party → the key of its first checkpoint here: a party's key does not change."""
        keys: dict[str, str] = {}
        for party in parties:
            kept = await self.correspondence.register.first(session, KIND, f"{party}/")
            if kept is not None:
                keys[party] = kept.content["public_key"]
        return keys


def _end_of(day: date) -> datetime:
    return on_the_clock(day, time.max)
