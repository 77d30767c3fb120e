"""The use cases of an erasure: it is planned, the rows are erased on its day, and then it is finished.

The rows go in one transaction, which records what has gone. What they leave behind in files, and the keys, go outside
of it, as often as it takes; only then is the erasure finished and certified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from contracts.bounds import LAST_INSTANT
from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.duties.erasing import Cut, end_of_month
from contracts.vocabulary import business_date
from services.chassis.consumer import On
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.register import Registered
from services.chassis.duties.terms import first_instant
from services.chassis.erasure.certifying import Certifier
from services.chassis.erasure.data import PartyData
from services.chassis.erasure.media import Media
from services.chassis.erasure.own_data import OwnData
from services.chassis.erasure.planning import ErasureTerms, at_night_of
from services.chassis.erasure.records import Erased, Erasures
from services.chassis.erasure.rules import RULES
from services.chassis.erasure.timers import ErasureDue, ErasureToFinish, YearOfErasures
from services.chassis.faults import Faults
from services.chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Erasing:
    """The erasures of one party. Without a `certifier` (the ward) they are recorded, and certified to nobody."""

    party: PartyData
    own: OwnData
    records: Erasures
    media: Media
    correspondence: Correspondence
    terms: ErasureTerms
    faults: Faults
    certifier: Certifier | None = None

    @property
    def subscriptions(self) -> Sequence[On]:
        return (
            On(YearOfErasures, self.plan, natural_key=True),
            On(ErasureDue, self.carry_out, natural_key=True),
            On(ErasureToFinish, self.finish, natural_key=True, outside=self.make_real),
        )

    # ---- planned

    async def plan(self, years: Sequence[YearOfErasures], tx: Transaction) -> None:
        """Plan what is due in a fiscal year, if there are data of that time; then the next year."""
        for year in years if self.terms.kept else ():
            cut = Cut.of_year(self.terms.year_due_in(year.fiscal_year))
            if await self.party.holds(tx.session, cut):
                await self.enter(cut, 1, self.terms.due_on(cut), tx)
            following = YearOfErasures(fiscal_year=year.fiscal_year + 1)
            begins = first_instant(following.fiscal_year)
            if begins <= LAST_INSTANT:
                tx.cancel(YearOfErasures, [following.subject])
                tx.schedule(following, begins)

    async def enter(self, cut: Cut, number: int, due_on: date, tx: Transaction) -> ErasureDue:
        """Enter an erasure in the register, and set its timer, unless it is there."""
        party = self.correspondence.register.party
        due = ErasureDue(erasure_id=f"{party}/{cut.until}/{number}", due_on=due_on, data_until=cut.until, number=number)
        if self.certifier is not None:
            key = (RecordKind.ERASURE_DUE, due.erasure_id)
            if key in await self.correspondence.register.known(tx.session, [key]):
                return due
            record = DutyRecord(party, *key, party, tx.now, due_on)
            content = {"data_until": cut.until.isoformat(), "number": number, "due_on": due_on.isoformat()}
            await self.correspondence.enter(Registered(record, content), tx)
        if self.terms.kept and (at := at_night_of(due_on, tx.now)) <= LAST_INSTANT:
            tx.cancel(ErasureDue, [due.subject])
            tx.schedule(due, at)
        return due

    # ---- the rows

    async def carry_out(self, dues: Sequence[ErasureDue], tx: Transaction) -> None:
        """On the set date; once, and not at all if the simulated staff forget it."""
        for due in dues:
            done = await self.records.find(tx.session, due.erasure_id)
            if done is None and self.terms.kept and not self.terms.neglected:
                await self.erase(due, tx)
            elif done is not None:
                tx.repeated.append(due)

    async def erase(self, due: ErasureDue, tx: Transaction) -> Erased:
        """Erase what is settled; what is not, and is kept, is erased by another one a month later."""
        cut = Cut(due.data_until)
        gone = await self.party.erase(tx.session, cut, tx.now)
        counts = {**gone.counts, **await self.own.erase(tx.session, cut, tx.now, gone)}
        erased = Erased(
            erasure_id=due.erasure_id,
            number=due.number,
            due_on=due.due_on,
            data_until=due.data_until,
            erased_at=tx.now,
            keys_before=await self.own.oldest_month(tx.session, tx.now) if self.media.is_sealed else "",
            kinds=tuple((rule.name, count) for rule, count in counts.items()),
            kept=tuple(gone.kept),
        )
        await self.records.add(tx.session, erased)
        tx.schedule(ErasureToFinish(erasure_id=due.erasure_id), tx.now)
        if gone.kept:
            await self.enter(cut, due.number + 1, end_of_month(business_date(tx.now), 1), tx)
        return erased

    # ---- what the rows leave behind

    async def make_real(self, timer: ErasureToFinish, now: datetime) -> None:
        """Outside of a transaction, and repeated after a crash."""
        async with self.media.database.read() as session:
            erased = await self.records.find(session, timer.erasure_id)
        if erased is None or erased.finished_at is not None:
            return
        tables = sorted({rule.table for rule in (*self.party.rules, *RULES)} | {"outbox"})
        await self.media.erase(tables, erased.keys_before, now)
        self.faults.reached("erasure.made_real")

    async def finish(self, timers: Sequence[ErasureToFinish], tx: Transaction) -> None:
        """Record that nothing is left, and certify it: each certificate once."""
        for timer in timers:
            erased = await self.records.find(tx.session, timer.erasure_id, locked=True)
            if erased is None or timer.certificate <= erased.certificates:
                tx.repeated.append(timer)
                continue
            await self.records.finish(tx.session, erased.erasure_id, tx.now, timer.certificate)
            if self.certifier is not None:
                await self.certifier.certify(erased, timer.certificate, tx)
