"""入金遅延: the hour has come at which a deposit was expected; where not all of it is there, that is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.timers import DepositExpected


async def find_overdue_deposits(due: Sequence[DepositExpected], tx: Transaction) -> None:
    """Noted once, with the hour: it stays on record when the money comes after all."""
    found = await store.lock_statements(tx.session, {timer.statement_id for timer in due})
    overdue = [s for s in found.values() if s.difference < 0 and s.overdue_since is None]
    await store.save_settled(tx.session, [replace(s, overdue_since=tx.now) for s in overdue])
