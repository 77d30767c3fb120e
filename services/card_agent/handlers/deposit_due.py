"""入金: pay a statement's total into the ward's account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import DepositMade
from contracts.topics import settler_of
from contracts.vocabulary import Agent, SettlementAnomaly, Yen, business_date
from services.card_agent.behaviour import Order, orders
from services.card_agent.domain.authorization import deposit
from services.card_agent.domain.settlement import WHOLE, Closing, Deposit, parts
from services.card_agent.domain.terms import Terms
from services.card_agent.handlers.closing_due import draw_up
from services.card_agent.store import authorizations, closings, deposits
from services.card_agent.timers import DepositDue, TransferDue
from services.chassis.steps import Steps
from services.chassis.transaction import Transaction


async def make_deposits(due: Sequence[DepositDue], tx: Transaction, *, agent: Agent, terms: Terms) -> None:
    """Each statement once: its total less the fee. It frees the cards' limits."""
    locked = await closings.lock_due(tx.session, [timer.statement_id for timer in due])
    waiting = [closing for closing in locked if closing.deposited_on is None]
    left_out: set[str] = set()
    for issued in waiting:
        statement, of_closing = await draw_up(issued, tx)
        asked = {kind: anomaly.asked for kind, anomaly in of_closing.items()}
        made = [_transfer(order, issued, tx, agent, terms) for order in orders(parts(statement.counted, terms), asked)]
        await deposits.add(tx.session, made)
        await closings.save(tx.session, replace(issued, deposited_on=business_date(tx.now)))
        if payment := statement.met.get(SettlementAnomaly.PAYMENT_LEFT_OUT):
            left_out.add(payment.payment_id)
    steps = Steps(await authorizations.lock_counted(tx.session, [closing.closed_on for closing in waiting]), tx)
    for payment_id, a in steps.known.items():
        if payment_id not in left_out:
            steps.put(payment_id, deposit(a, tx.now))
    await authorizations.save(tx.session, steps)


async def make_late_transfers(due: Sequence[TransferDue], tx: Transaction, *, agent: Agent) -> None:
    """Each late deposit once. From here on the agent's books say when it was made."""
    ids = [timer.statement_id for timer in due]
    locked = await closings.lock_due(tx.session, ids)
    made = await deposits.of_statements(tx.session, ids)
    for timer, closing in zip(due, locked, strict=True):
        for waiting in made.get(timer.statement_id, ()):
            if waiting.deposit_id == timer.deposit_id and waiting.paid_on is None:
                today = business_date(tx.now)
                announce(waiting, closing, agent, tx)
                await deposits.save(tx.session, [waiting._replace(paid_on=today, believed_on=today)])


def announce(made: Deposit, closing: Closing, agent: Agent, tx: Transaction) -> None:
    """The money has reached the account; its holder sees it."""
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
    """Make a deposit, or schedule one that is late; one of 0 yen is never made."""
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
