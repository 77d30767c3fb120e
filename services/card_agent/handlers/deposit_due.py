"""入金: pay a statement's total into the ward's account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import DepositMade
from contracts.topics import settler_of
from contracts.vocabulary import Agent, Yen, business_date
from services.card_agent import store
from services.card_agent.domain.authorization import deposit
from services.card_agent.timers import DepositDue
from services.chassis.transaction import Transaction


async def make_deposits(due: Sequence[DepositDue], tx: Transaction, *, agent: Agent) -> None:
    """A statement is deposited once: its total less the fee. The cards' limits are free again with it."""
    for timer in due:
        issued = await store.lock_statement(tx.session, timer.statement_id)
        if issued.deposit_id is not None:
            continue
        made = DepositMade(
            statement_id=issued.statement_id,
            settler=settler_of(agent),
            closed_on=issued.closed_on,
            deposit_id=tx.new_id("deposit", issued.statement_id),
            amount=Yen(issued.amount - issued.fee),
            deposited_on=business_date(tx.now),
        )
        tx.publish(made)
        paid = replace(issued, deposit_id=made.deposit_id, deposited_on=made.deposited_on)
        await store.save_closing(tx.session, paid)
        counted = await store.lock_taken_on(tx.session, issued.closed_on)
        await store.save(tx.session, counted, {i: deposit(a, tx.now) for i, a in counted.items()})
