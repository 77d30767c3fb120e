"""Which closing of its network counts a payment: the one of today, or the next where that is totalled already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.payment import Payment
from services.payment_provider.store import Period
from services.payment_provider.timers import NetworkClosingDue


async def count_in(taken: Sequence[Payment], channels: Channels, tx: Transaction) -> Sequence[Payment]:
    """The payments with their closings, which are held open until this transaction ends."""
    today = business_date(tx.now)
    period_of = {p.settler: (p.settler, channels.networks[p.settler].closes_on(today)) for p in taken if p.settler}
    while True:
        wanted = set(period_of.values())
        found = await store.hold_closings(tx.session, wanted)
        missing = wanted - found.keys()
        totalled = [period for period in wanted - missing if found[period].issued_at is not None]
        for period in sorted(missing):
            await _begin(period, channels, tx)
        for settler, closed_on in totalled:
            period_of[settler] = (settler, channels.networks[settler].closes_on(closed_on + timedelta(days=1)))
        if not missing and not totalled:
            return [_counted(p, found[period_of[p.settler]]) for p in taken if p.settler]


def _counted(payment: Payment, closing: Any) -> Payment:
    return payment._replace(closes_on=closing.closed_on, deposit_on=closing.deposit_on)


async def _begin(period: Period, channels: Channels, tx: Transaction) -> None:
    settler, closed_on = period
    terms = channels.networks[settler]
    statement_id = tx.new_id(f"{settler}-statement", closed_on.isoformat())
    row = {
        "settler": settler,
        "closed_on": closed_on,
        "deposit_on": terms.deposit_on(closed_on),
        "statement_id": statement_id,
    }
    if await store.add_closing(tx.session, row):
        tx.schedule(NetworkClosingDue(statement_id=statement_id), terms.close_at(closed_on))
