"""Deposits: transfers to the ward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.card_agent.domain.settlement import Deposit
from services.card_agent.tables import deposits
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup

DEPOSITS = select(*(deposits.c[name] for name in Deposit._fields)).order_by(
    deposits.c.believed_on, deposits.c.deposit_id
)
_OF_STATEMENTS = Lookup(DEPOSITS.where(in_list(deposits.c.statement_id)), Deposit)
_ADD = Bulk(deposits.insert())
_CHANGING = ("believed", "believed_on", "paid_on")
_SAVE = Bulk(
    update(deposits)
    .where(deposits.c.deposit_id == bindparam("saved_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


async def of_statements(session: AsyncConnection, statement_ids: Collection[str]) -> Mapping[str, Sequence[Deposit]]:
    """Statement id → its deposits; an empty sequence for none."""
    found: defaultdict[str, list[Deposit]] = defaultdict(list)
    for deposit in await _OF_STATEMENTS.rows(session, ids=list(statement_ids)):
        found[deposit.statement_id].append(deposit)
    return found


async def add(session: AsyncConnection, new: Sequence[Deposit]) -> None:
    await _ADD.insert(session, new)


async def save(session: AsyncConnection, changed: Sequence[Deposit]) -> None:
    """Write what the agent believes of deposits, and when they were paid."""
    rows = [
        {"saved_id": d.deposit_id, **{f"new_{name}": getattr(d, name) for name in _CHANGING}}
        for d in sorted(changed, key=lambda d: d.deposit_id)
    ]
    await _SAVE.execute(session, rows)
