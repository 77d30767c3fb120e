"""Which closing of its network counts a payment: that of its day, or the next one if that is totalled already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import Closing, Period
from services.payment_provider.domain.payment import Payment
from services.payment_provider.store import closings
from services.payment_provider.timers import NetworkClosingDue


async def count_in(collected: Sequence[Payment], channels: Channels, tx: Transaction) -> Sequence[Payment]:
    """The payments with their closings, which cannot be totalled before this transaction ends."""
    today = business_date(tx.now)
    period_of = {p.settler: (p.settler, channels.networks[p.settler].closes_on(today)) for p in collected if p.settler}
    while True:
        wanted = set(period_of.values())
        held = await closings.hold(tx.session, wanted)
        missing = wanted - held.keys()
        totalled = [period for period in wanted - missing if held[period].issued_at is not None]
        for period in sorted(missing):
            await _open(period, channels, tx)
        for settler, closed_on in totalled:
            period_of[settler] = (settler, channels.networks[settler].closes_on(closed_on + timedelta(days=1)))
        if not missing and not totalled:
            return [_counted(p, held[period_of[p.settler]]) for p in collected if p.settler]


def _counted(payment: Payment, closing: Closing) -> Payment:
    return payment._replace(closes_on=closing.closed_on, deposit_on=closing.deposit_on)


async def _open(period: Period, channels: Channels, tx: Transaction) -> None:
    settler, closed_on = period
    terms = channels.networks[settler]
    statement_id = tx.new_id(f"{settler}-statement", closed_on.isoformat())
    if await closings.add(tx.session, Closing(settler, closed_on, statement_id, terms.deposit_on(closed_on))):
        tx.schedule(NetworkClosingDue(statement_id=statement_id), terms.close_at(closed_on))
