"""入金遅延: the hour by which a deposit was expected is over; note the statements whose deposit is not all there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.chassis.transaction import Transaction
from services.ward.store import statements
from services.ward.timers import DepositExpected


async def find_overdue_deposits(due: Sequence[DepositExpected], tx: Transaction) -> None:
    """The first such hour is recorded, and stays on record when the money comes after all."""
    found = await statements.lock(tx.session, {timer.statement_id for timer in due})
    overdue = [s for s in found.values() if s.difference < 0 and s.overdue_since is None]
    await statements.save(tx.session, [replace(s, overdue_since=tx.now) for s in overdue])
