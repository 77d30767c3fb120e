"""What `sansha explain` says of payments: as known now, or at the end of a day that is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.service import Explanation
from services.ward import store
from services.ward.domain.as_of import claim_then, given_then
from services.ward.domain.overpayments import OverpaymentTerms, Person
from services.ward.explanation import Listed, OfSlip, Rules, explain
from services.ward.queries import payments

Records = Mapping[str, Sequence[Any]]
"""Payment → rows of its records, in the order of their kinds."""


async def read(
    session: AsyncConnection,
    payment_ids: Sequence[str],
    then: datetime | None,
    rules: Rules,
    terms: OverpaymentTerms,
) -> dict[str, Explanation]:
    """Payment → the ward's part of its story, as it was known at `then`; an unknown payment is missing."""
    records: defaultdict[str, list[Any]] = defaultdict(list)
    for row in await payments.records(session, payment_ids):
        if then is None or row.registered_at <= then:
            records[row.payment_id].append(row)
    if then is None:
        listed: Mapping[str, Sequence[Listed]] = await payments.statements_listing(session, payment_ids)
    else:
        listed = await _listed_then(session, payment_ids, then)
    of_slips = await _of_slips(session, records, then, terms)
    known = [i for i in payment_ids if i in records or i in listed]
    return {i: explain(i, records.get(i, ()), listed.get(i, ()), of_slips.get(i, OfSlip()), rules) for i in known}


async def _of_slips(
    session: AsyncConnection, records: Records, then: datetime | None, terms: OverpaymentTerms
) -> dict[str, OfSlip]:
    """Payment → what else has become of it and its slip."""
    slip_of = {payment_id: rows[0].slip_number for payment_id, rows in records.items()}
    numbers = set(slip_of.values())
    lapsed: Mapping[str, Any] = await payments.lapses_of(session, [*records])
    sent = await store.reminders_of(session, numbers)
    people = {n: person for person in await store.find_people(session, numbers) for n in person.slips}
    overpaid = {number: _overpaid(number, people[number]) for number in numbers if number in people}
    if then is not None:
        lapsed = await _lapsed_then(session, [*records], then)
        overpaid = await _overpaid_then(session, overpaid, then, terms)
    return {
        payment_id: overpaid.get(number, OfSlip())._replace(
            lapse=lapsed.get(payment_id), reminders=sent.get(number, ())
        )
        for payment_id, number in slip_of.items()
    }


async def _overpaid_then(
    session: AsyncConnection, overpaid: Mapping[str, OfSlip], then: datetime, terms: OverpaymentTerms
) -> dict[str, OfSlip]:
    booked = await store.bookings_of(session, overpaid)
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
