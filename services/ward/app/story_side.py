"""What the ward tells of payments: where each is, what it waits for and why, by now or at the end of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.explaining import end_of, explanation_on
from contracts.http.service import Explanation
from contracts.vocabulary import Refusal
from services.chassis.service import Service
from services.ward import store
from services.ward.domain.as_of import claim_then, given_then
from services.ward.domain.overpayments import Person
from services.ward.explanation import Listed, OfSlip, Rules, explain
from services.ward.queries import payments
from services.ward.settings import Settings

Records = Mapping[str, Sequence[Any]]
"""Payment → rows of its records, in the order of their kinds."""


class StorySide(Service):
    """The part of 甲 that explains."""

    settings: Settings

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """This party's part of each story, up to the end of a day of Japan where one is named that is over; a payment
        that it has heard nothing of, or had not by then, is missing."""
        then = end_of(on, self.clock.now())
        records: defaultdict[str, list[Any]] = defaultdict(list)
        async with self.reading() as session:
            for row in await payments.records(session, payment_ids):
                if then is None or row.registered_at <= then:
                    records[row.payment_id].append(row)
            if then is None:
                listed: Mapping[str, Sequence[Listed]] = await payments.statements_listing(session, payment_ids)
            else:
                listed = await _listed_then(session, payment_ids, then)
            of_slips = await self._of_slips(session, records, then)
        s = self.settings
        rules = Rules(s.deposit_expected_by, s.confirmation_expected_business_days, s.statement_expected_days)
        known = [i for i in payment_ids if i in records or i in listed]
        return {i: explain(i, records.get(i, ()), listed.get(i, ()), of_slips.get(i, OfSlip()), rules) for i in known}

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """The same of one payment. A day to come is refused, and one before the ward heard of the payment."""
        detail = f"the ward has heard nothing of payment {payment_id}"
        unknown = Refusal("payment_unknown", detail, "ask the payment provider: it may not have been paid yet")
        not_yet = f"the ward had heard nothing of payment {payment_id} yet"
        return await explanation_on(self.explain, payment_id, on, self.clock.now(), unknown, not_yet)

    async def _of_slips(self, session: AsyncConnection, records: Records, then: datetime | None) -> dict[str, OfSlip]:
        """Payment → what else became, or had become, of it and its slip."""
        slip_of = {payment_id: rows[0].slip_number for payment_id, rows in records.items()}
        numbers = set(slip_of.values())
        lapsed: Mapping[str, Any] = await payments.lapses_of(session, [*records])
        sent = await store.reminders_of(session, numbers)
        people = {n: person for person in await store.find_people(session, numbers) for n in person.slips}
        overpaid = {number: _overpaid(number, people[number]) for number in numbers if number in people}
        if then is not None:
            lapsed = await _lapsed_then(session, [*records], then)
            overpaid = await self._overpaid_then(session, overpaid, then)
        return {
            payment_id: overpaid.get(number, OfSlip())._replace(
                lapse=lapsed.get(payment_id), reminders=sent.get(number, ())
            )
            for payment_id, number in slip_of.items()
        }

    async def _overpaid_then(
        self, session: AsyncConnection, overpaid: Mapping[str, OfSlip], then: datetime
    ) -> dict[str, OfSlip]:
        booked, terms = await store.bookings_of(session, overpaid), self.settings.overpayment_terms
        return {
            number: OfSlip(
                claim=claim_then(number, now.claim, booked[number], then, terms),
                given=[g for given in now.given if (g := given_then(given, booked[number], then)) is not None],
            )
            for number, now in overpaid.items()
        }


def _overpaid(slip_number: str, person: Person) -> OfSlip:
    given = [g for g in person.given if g.slip_number == slip_number]
    return OfSlip(claim=person.claims.get(slip_number), given=given)


async def _listed_then(
    session: AsyncConnection, payment_ids: Sequence[str], then: datetime
) -> dict[str, Sequence[Listed]]:
    """Payment → the statements that were known to list it, in the order of their closings, as they stood."""
    listing = await store.listing_then(session, payment_ids, then)
    found = await store.statements_then(session, {i for ids in listing.values() for i in ids}, then)
    listed: dict[str, Sequence[Listed]] = {}
    for payment_id, ids in listing.items():
        stood = sorted((found[i] for i in ids), key=lambda s: (s.statement.closed_on, s.statement.statement_id))
        listed[payment_id] = [
            Listed(
                s.statement,
                s.reasons,
                s.deposits,
                [row for row in s.decisions if row.payment_id in (None, payment_id)],
            )
            for s in stood
        ]
    return listed


async def _lapsed_then(session: AsyncConnection, payment_ids: Sequence[str], then: datetime) -> dict[str, store.Lapse]:
    """Payment → how it had ceased to count."""
    found = {i: lapse for i, lapse in (await store.lapses_of(session, payment_ids)).items() if lapse.lapsed_at <= then}
    return {
        i: lapse
        if lapse.restored_at is None or lapse.restored_at <= then
        else replace(lapse, restored_at=None, counts_from=None)
        for i, lapse in found.items()
    }
