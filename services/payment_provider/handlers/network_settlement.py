"""The networks' side of settlement: a period's payments at one channel are totalled, then deposited."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ClosingStatementIssued, DepositMade, StatementLine
from contracts.vocabulary import Yen, business_date
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.channels import Channels
from services.payment_provider.timers import NetworkClosingDue, NetworkDepositDue


async def close_periods(due: Sequence[NetworkClosingDue], tx: Transaction, *, channels: Channels) -> None:
    """締め: a period is closed once; one whose payments all fell away has no statement and no deposit."""
    closings = await store.lock_closings(tx.session, {t.statement_id for t in due})
    for timer in due:
        closing = closings.get(timer.statement_id)
        if closing is None or closing.issued_at is not None:
            continue
        found = await store.payments_closing(tx.session, (closing.settler, closing.closed_on))
        lines = tuple(StatementLine(payment_id, Yen(amount)) for payment_id, amount in found)
        total = Yen(sum(line.amount for line in lines))
        statement = ClosingStatementIssued(
            statement_id=timer.statement_id,
            settler=closing.settler,
            closed_on=closing.closed_on,
            deposit_on=closing.deposit_on,
            total_count=len(lines),
            total_amount=total,
            fee=Yen(0),
            page=1,
            pages=1,
            lines=lines,
        )
        for page in statement.paged():
            tx.publish(page)
        if lines:
            deposit_at = channels.networks[closing.settler].deposit_at(closing.deposit_on)
            tx.schedule(NetworkDepositDue(statement_id=timer.statement_id), deposit_at)
        values = {"issued_at": tx.now, "payment_count": len(lines), "amount": total}
        await store.update_closing(tx.session, timer.statement_id, values)


async def deposit_periods(due: Sequence[NetworkDepositDue], tx: Transaction) -> None:
    """入金: the period's total reaches the ward's account, once."""
    closings = await store.lock_closings(tx.session, {t.statement_id for t in due})
    for timer in due:
        closing = closings.get(timer.statement_id)
        if closing is None or closing.deposit_id is not None:
            continue
        deposit = DepositMade(
            statement_id=timer.statement_id,
            settler=closing.settler,
            closed_on=closing.closed_on,
            deposit_id=tx.new_id(f"{closing.settler}-deposit", timer.statement_id),
            amount=Yen(closing.amount),
            deposited_on=business_date(tx.now),
        )
        tx.publish(deposit)
        values = {"deposit_id": deposit.deposit_id, "deposited_on": deposit.deposited_on}
        await store.update_closing(tx.session, timer.statement_id, values)
