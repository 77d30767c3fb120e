"""入金: pay a statement's total into the ward's account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import DepositMade
from contracts.topics import settler_of
from contracts.vocabulary import Agent, SettlementAnomaly, Yen, business_date
from services.card_agent import store
from services.card_agent.behaviour import Order, orders, tell
from services.card_agent.domain.authorization import deposit
from services.card_agent.domain.settlement import WHOLE, parts
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing, Deposit
from services.card_agent.timers import DepositDue, TransferDue
from services.chassis.transaction import Transaction


async def make_deposits(due: Sequence[DepositDue], tx: Transaction, *, agent: Agent, terms: Terms) -> None:
    """A statement is deposited once: its total less the fee. The cards' limits are free again with it."""
    for timer in due:
        issued = await store.lock_statement(tx.session, timer.statement_id)
        if issued.deposited_on is not None:
            continue
        lines = await store.closing_lines(tx.session, issued.closed_on)
        anomalies = (await store.anomalies_of(tx.session, [issued.closed_on])).get(issued.closed_on, {})
        asked = {kind: kept.asked for kind, kept in anomalies.items()}
        told = tell(lines, asked, tx.new_id("unknown-payment", issued.statement_id))
        made = [_transfer(order, issued, tx, agent, terms) for order in orders(parts(told.counted, terms), asked)]
        await store.add_deposits(tx.session, made)
        await store.save_closing(tx.session, replace(issued, deposited_on=business_date(tx.now)))
        left_out = told.concerned.get(SettlementAnomaly.PAYMENT_LEFT_OUT)
        counted = await store.lock_accepted(tx.session, issued.closed_on)
        paid = {i: deposit(a, tx.now) for i, a in counted.items() if left_out is None or i != left_out.payment_id}
        await store.save(tx.session, counted, paid)


async def make_late_transfers(due: Sequence[TransferDue], tx: Transaction, *, agent: Agent) -> None:
    """A deposit that is late, once. From here on the agent's books say when it was made."""
    for timer in due:
        closing = await store.lock_statement(tx.session, timer.statement_id)
        found = (await store.deposits_of(tx.session, [timer.statement_id])).get(timer.statement_id, [])
        for waiting in found:
            if waiting.deposit_id == timer.deposit_id and waiting.paid_on is None:
                today = business_date(tx.now)
                announce(waiting, closing, agent, tx)
                await store.save_deposits(tx.session, [replace(waiting, paid_on=today, believed_on=today)])


def announce(made: Deposit, closing: Closing, agent: Agent, tx: Transaction) -> None:
    """The money is on its account: whoever has that account sees it."""
    tx.publish(
        DepositMade(
            statement_id=closing.statement_id,
            settler=settler_of(agent),
            closed_on=closing.closed_on,
            deposit_id=made.deposit_id,
            amount=Yen(made.paid),
            deposited_on=business_date(tx.now),
            account=made.account,
        )
    )


def _transfer(order: Order, closing: Closing, tx: Transaction, agent: Agent, terms: Terms) -> Deposit:
    """Make a transfer, or see to it that it is made when it is late enough; one of nothing is never made."""
    name = () if order.name == WHOLE else (order.name,)
    today = business_date(tx.now)
    is_made = order.paid > 0 and order.business_days_late == 0
    transfer = Deposit(
        deposit_id=tx.new_id("deposit", closing.statement_id, *name),
        statement_id=closing.statement_id,
        name=order.name,
        believed=order.believed,
        believed_on=today,
        paid=order.paid,
        paid_on=today if is_made else None,
        account=order.account,
    )
    if is_made:
        announce(transfer, closing, agent, tx)
    elif order.paid > 0:
        on = terms.calendar.add(closing.deposit_on, order.business_days_late)
        tx.schedule(
            TransferDue(statement_id=closing.statement_id, deposit_id=transfer.deposit_id), terms.deposit_at(on)
        )
    return transfer
