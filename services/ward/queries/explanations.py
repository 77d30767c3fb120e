"""What `sansha explain` says of payments: as known now, or at the end of a past day (`then`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.service import Explanation
from services.ward.domain.as_of import undecided_then, use_then
from services.ward.domain.lapses import Lapse
from services.ward.domain.overpayments import OverpaymentTerms, Person
from services.ward.explanation import Listed, OfSlip, Rules, explain
from services.ward.queries import as_of, payments, reminders
from services.ward.store import lapses
from services.ward.store.overpayments import find_people
from services.ward.store.rows import StoredReceipt

Records = Mapping[str, Sequence[StoredReceipt]]
"""Payment id → its records, in the order of their kinds."""


async def read(
    session: AsyncConnection,
    payment_ids: Sequence[str],
    then: datetime | None,
    rules: Rules,
    terms: OverpaymentTerms,
) -> dict[str, Explanation]:
    """Payment id → the ward's part of its explanation; an unknown payment is missing."""
    records: defaultdict[str, list[StoredReceipt]] = defaultdict(list)
    for record in await payments.records(session, payment_ids):
        if then is None or record.registered_at <= then:
            records[record.payment_id].append(record)
    listed: Mapping[str, Sequence[Listed]]
    if then is None:
        listed = await payments.statements_listing(session, payment_ids)
    else:
        listed = await as_of.statements_listing(session, payment_ids, then)
    of_slips = await _of_slips(session, records, then, terms)
    known = [i for i in payment_ids if i in records or i in listed]
    return {i: explain(i, records.get(i, ()), listed.get(i, ()), of_slips.get(i, OfSlip()), rules) for i in known}


async def _of_slips(
    session: AsyncConnection, records: Records, then: datetime | None, terms: OverpaymentTerms
) -> dict[str, OfSlip]:
    """Payment id → what else has become of it and its slip."""
    slip_of = {payment_id: of_payment[0].slip_number for payment_id, of_payment in records.items()}
    numbers = set(slip_of.values())
    sent = await reminders.of_slips(session, numbers)
    people = {n: person for person in await find_people(session, numbers) for n in person.slips}
    overpaid = {number: _overpaid(number, people[number]) for number in numbers if number in people}
    lapsed: Mapping[str, Lapse]
    if then is None:
        lapsed = await lapses.of_payments(session, [*records])
    else:
        lapsed = await as_of.lapses_of(session, [*records], then)
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
    booked = await as_of.bookings_of(session, overpaid)
    return {
        number: OfSlip(
            undecided=undecided_then(number, now.undecided, booked[number], then, terms),
            uses=[stood for use in now.uses if (stood := use_then(use, booked[number], then)) is not None],
        )
        for number, now in overpaid.items()
    }


def _overpaid(slip_number: str, person: Person) -> OfSlip:
    uses = [use for use in person.uses if use.slip_number == slip_number]
    return OfSlip(undecided=person.undecided.get(slip_number), uses=uses)
