"""Write what a transaction has posted to slips."""

from __future__ import annotations

from services.chassis.transaction import Transaction
from services.ward.domain.overpayments import A_MOMENT
from services.ward.domain.slip_accounts import Postings
from services.ward.store import ledger, slips
from services.ward.timers import SlipBalanceChanged


async def save_postings(postings: Postings, tx: Transaction) -> None:
    """The entries and what slips have received; overpayments and revived debts are settled a moment later."""
    await ledger.book(tx.session, postings.entries, tx.now)
    await slips.save_accounts(tx.session, postings.changed)
    for change in postings.balance_changes:
        timer = SlipBalanceChanged(slip_number=change.slip_number, cause=change.cause)
        tx.schedule(timer, tx.now + A_MOMENT)
