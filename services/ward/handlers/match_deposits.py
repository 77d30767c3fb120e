"""入金確認: book deposits on the ward's account and match them with their statements."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import DepositMade
from services.chassis.transaction import Transaction
from services.ward.domain.ledger import Entry
from services.ward.domain.receipts import Discrepancy
from services.ward.domain.settlement import deposit_transfers
from services.ward.handlers.settle_statements import settle
from services.ward.store import deposits, discrepancies
from services.ward.store.rows import StoredDeposit


async def match_deposits(made: Sequence[DepositMade], tx: Transaction) -> None:
    """Each deposit counts once, whether its statement is here or not; a second one of a statement is an excess."""
    known = await deposits.find(tx.session, {d.deposit_id for d in made})
    found = [c for d in made if d.deposit_id in known for c in _contradictions(d, known[d.deposit_id])]
    await discrepancies.add(tx.session, found, tx.now)
    new = [d for d in made if d.deposit_id not in known]
    await deposits.add(tx.session, [_seen(d, tx) for d in new])
    await settle([(d.statement_id, _entry(d)) for d in new], tx)


def _entry(deposit: DepositMade) -> Entry:
    """Nothing is booked for money on another account than the ward's."""
    entries = deposit_transfers(deposit.statement_id, deposit.settler, deposit.amount)
    return Entry(f"deposit/{deposit.deposit_id}", deposit.deposited_on, () if deposit.account else entries)


def _seen(deposit: DepositMade, tx: Transaction) -> StoredDeposit:
    return StoredDeposit(
        deposit_id=deposit.deposit_id,
        statement_id=deposit.statement_id,
        counts_for=deposit.statement_id,
        settler=deposit.settler,
        closed_on=deposit.closed_on,
        amount=deposit.amount,
        deposited_on=deposit.deposited_on,
        seen_at=tx.now,
        account=deposit.account,
    )


def _contradictions(deposit: DepositMade, known: StoredDeposit) -> Sequence[Discrepancy]:
    """A known deposit id with other content: the first one stands."""
    names = ("statement_id", "settler", "amount", "deposited_on")
    detail = [
        f"{name}: {getattr(known, name)} before, {getattr(deposit, name)} now"
        for name in names
        if getattr(known, name) != getattr(deposit, name)
    ]
    if not detail:
        return []
    return [Discrepancy("deposit_differs", deposit.statement_id, deposit.deposit_id, deposit.amount, "; ".join(detail))]
