"""A card agent's books: accepted payments, statements with their lines, and deposits as the agent recorded them.

The transfers follow from these: once it accepts a payment, it owes the ward and is owed by the card company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import Books, DepositRow, ProxyPaymentRow, StatementLineRow, StatementRow, TransferRow
from contracts.topics import card_agent, settler_of
from contracts.vocabulary import Agent, SettlementAnomaly
from services.card_agent.domain.authorization import OWED, AuthorizationStatus
from services.card_agent.domain.settlement import Closing, Deposit
from services.card_agent.queries import settlement
from services.card_agent.store.anomalies import OfClosing, by_closing
from services.card_agent.tables import authorizations
from services.chassis.database.reading import business_day, plain, read_as

CARD_COMPANY, OWED_TO_WARD, CASH, FEES = "due_from_card_company", "owed_to_ward", "cash", "fee_income"
ACCOUNT_NAMES: Final[Mapping[str, str]] = {
    CARD_COMPANY: "カード会社未収金",
    OWED_TO_WARD: "代理納付未払金",
    CASH: "現金預金",
    FEES: "手数料収入",
}
"""Account → its name in Japanese."""


class _Owed(NamedTuple):
    """A proxy payment that was accepted, withdrawn since or not."""

    payment_id: str
    amount: int
    status: str
    closes_on: date
    accepted_on: date | None
    withdrawn_on: date | None


_a = authorizations.c
_OWED = select(
    _a.payment_id,
    _a.amount,
    plain(_a.status),
    _a.closes_on,
    business_day(_a.accepted_at),
    business_day(_a.withdrawn_at),
).where(_a.status.in_(OWED), _a.closes_on.is_not(None))


async def books(session: AsyncConnection, agent: Agent) -> Books:
    """All of it, unsorted. A closing that came to nothing has no statement."""
    settler = settler_of(agent).value
    owed = await read_as(session, _Owed, _OWED)
    issued = [c for c in await settlement.closings(session) if c.count > 0]
    statement_of = {c.closed_on: c.statement_id for c in issued}
    anomalies = by_closing(await settlement.anomalies(session))
    not_listed = {day: _not_listed(of_day) for day, of_day in anomalies.items()}
    made = await settlement.deposits(session)
    return Books(
        party=card_agent(agent),
        proxy_payments=[ProxyPaymentRow(o.payment_id, settler, o.amount, o.status, o.closes_on) for o in owed],
        statements=[
            StatementRow(c.statement_id, settler, c.closed_on, c.deposit_on, c.count, c.amount, c.fee) for c in issued
        ],
        lines=[
            *(
                StatementLineRow(statement_of[o.closes_on], o.payment_id, o.amount)
                for o in owed
                if o.status == AuthorizationStatus.ACCEPTED
                and o.closes_on in statement_of
                and o.payment_id not in not_listed.get(o.closes_on, ())
            ),
            *(
                StatementLineRow(statement_of[day], anomaly.met_payment_id, anomaly.met_yen)
                for day, of_day in anomalies.items()
                for anomaly in of_day.values()
                if anomaly.kind is SettlementAnomaly.UNKNOWN_PAYMENT and anomaly.met_payment_id is not None
            ),
        ],
        deposits=[
            DepositRow(d.deposit_id, d.statement_id, settler, d.believed, d.believed_on) for d in made if d.believed
        ],
        transfers=list(_transfers(owed, issued, made)),
    )


async def deposits_made(session: AsyncConnection, agent: Agent) -> Sequence[DepositRow]:
    """入金 that reached the ward's account, with the amount and the day paid, whatever the books believe.

    One that was never made, or went to another account, is missing.
    """
    settler, made = settler_of(agent).value, await settlement.deposits(session)
    return [
        DepositRow(d.deposit_id, d.statement_id, settler, d.paid, d.paid_on)
        for d in made
        if d.paid_on is not None and not d.account
    ]


def _transfers(owed: Iterable[_Owed], issued: Iterable[Closing], made: Iterable[Deposit]) -> Iterator[TransferRow]:
    for o in owed:
        if o.accepted_on is not None:
            yield TransferRow(CARD_COMPANY, OWED_TO_WARD, o.amount, o.payment_id, o.accepted_on)
        if o.withdrawn_on is not None:
            yield TransferRow(OWED_TO_WARD, CARD_COMPANY, o.amount, o.payment_id, o.withdrawn_on)
    for c in issued:
        if c.fee and c.deposited_on is not None:
            yield TransferRow(OWED_TO_WARD, FEES, c.fee, c.statement_id, c.deposited_on)
    for d in made:
        if d.believed:
            yield TransferRow(OWED_TO_WARD, CASH, d.believed, d.statement_id, d.believed_on)


def _not_listed(anomalies: OfClosing) -> set[str | None]:
    """The payments of a closing that its statement does not list. One omitted is listed once that is corrected."""
    left_out, omitted = anomalies.get(SettlementAnomaly.PAYMENT_LEFT_OUT), anomalies.get(SettlementAnomaly.LINE_OMITTED)
    found = [left_out] if left_out else []
    found += [omitted] if omitted and omitted.corrected_at is None else []
    return {anomaly.met_payment_id for anomaly in found}
