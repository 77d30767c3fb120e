"""締め・入金 of the networks: total a period's payments at one channel, then deposit them."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ClosingStatementIssued, DepositMade, StatementLine
from contracts.vocabulary import Yen, business_date
from services.chassis.steps import subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import Closing
from services.payment_provider.store import closings
from services.payment_provider.timers import NetworkClosingDue, NetworkDepositDue


async def close_periods(due: Sequence[NetworkClosingDue], tx: Transaction, *, channels: Channels) -> None:
    """締め: each period once. One whose payments were all cancelled has no statement and no deposit."""
    locked = await closings.lock(tx.session, subjects(due))
    for closing in [c for t in due if (c := locked.get(t.statement_id)) is not None and c.issued_at is None]:
        lines = tuple(StatementLine(*counted) for counted in await closings.counted(tx.session, closing))
        total = Yen(sum(line.amount for line in lines))
        for page in _statement(closing, lines, total).paged():
            tx.publish(page)
        if lines:
            deposit_at = channels.networks[closing.settler].deposit_at(closing.deposit_on)
            tx.schedule(NetworkDepositDue(statement_id=closing.statement_id), deposit_at)
        issued = closing._replace(issued_at=tx.now, payment_count=len(lines), amount=total)
        await closings.save(tx.session, issued)


async def deposit_periods(due: Sequence[NetworkDepositDue], tx: Transaction) -> None:
    """入金: the period's total reaches the ward's account, once."""
    locked = await closings.lock(tx.session, subjects(due))
    for closing in [c for t in due if (c := locked.get(t.statement_id)) is not None and c.deposit_id is None]:
        deposit = DepositMade(
            statement_id=closing.statement_id,
            settler=closing.settler,
            closed_on=closing.closed_on,
            deposit_id=tx.new_id(f"{closing.settler}-deposit", closing.statement_id),
            amount=Yen(closing.amount),
            deposited_on=business_date(tx.now),
        )
        tx.publish(deposit)
        made = closing._replace(deposit_id=deposit.deposit_id, deposited_on=deposit.deposited_on)
        await closings.save(tx.session, made)


def _statement(closing: Closing, lines: tuple[StatementLine, ...], total: Yen) -> ClosingStatementIssued:
    return ClosingStatementIssued(
        statement_id=closing.statement_id,
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
