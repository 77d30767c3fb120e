"""The payment provider's books: payments, receipt data delivered, the networks' settlements.

The transfers are those of the networks: each owes the ward what it has collected, until it deposits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import (
    Books,
    DepositRow,
    PaymentRow,
    ProxyPaymentRow,
    ReceiptRow,
    StatementLineRow,
    StatementRow,
    TransferRow,
)
from contracts.channels import NETWORKS, SETTLERS
from contracts.parties import PAYMENT_PROVIDER
from contracts.vocabulary import Settler
from services.chassis.database.reading import business_day, plain, read_as
from services.payment_provider.domain.network import Closing
from services.payment_provider.domain.payment import STANDING, PaymentStatus
from services.payment_provider.tables import closings, payments, receipts

COLLECTED, OWED_TO_WARD = "collected", "owed_to_ward"
ACCOUNT_NAMES: Final[Mapping[str, str]] = {
    **{f"{COLLECTED}_{settler}": f"収納金 {SETTLERS[settler].japanese}" for settler in NETWORKS.values()},
    **{f"{OWED_TO_WARD}_{settler}": f"収納預り金 {SETTLERS[settler].japanese}" for settler in NETWORKS.values()},
}
"""Account → its name in Japanese; each network has two."""


class _Collected(NamedTuple):
    """A payment that a network collected; it is in a closing of that network."""

    payment_id: str
    settler: Settler
    amount: int
    status: PaymentStatus
    closes_on: date
    paid_on: date
    ended_on: date | None


_p, _r = payments.c, receipts.c
_PAYMENTS = select(
    _p.payment_id,
    _p.slip_number,
    _p.attempt,
    func.coalesce(plain(_p.method), ""),
    func.coalesce(plain(_p.settler), ""),
    _p.amount,
    plain(_p.status),
    business_day(_p.scanned_at),
)
_RECEIPTS = select(_r.payment_id, plain(_r.kind), _r.amount, business_day(_r.delivered_at)).where(_r.repetition == 0)
_COLLECTED = select(
    _p.payment_id,
    _p.settler,
    _p.amount,
    _p.status,
    _p.closes_on,
    business_day(_p.paid_at),
    business_day(_p.ended_at),
).where(_p.method.in_(NETWORKS), _p.closes_on.is_not(None))
_CLOSED = select(*(closings.c[name] for name in Closing._fields)).where(closings.c.payment_count > 0)


async def books(session: AsyncConnection) -> Books:
    """All books of the provider, unsorted."""
    collected = await read_as(session, _Collected, _COLLECTED)
    closed = await read_as(session, Closing, _CLOSED)
    statement_of = {(c.settler, c.closed_on): c.statement_id for c in closed}
    return Books(
        party=PAYMENT_PROVIDER,
        payments=await read_as(session, PaymentRow, _PAYMENTS),
        receipts=await read_as(session, ReceiptRow, _RECEIPTS),
        proxy_payments=[
            ProxyPaymentRow(
                p.payment_id,
                p.settler.value,
                p.amount,
                "withdrawn" if p.status is PaymentStatus.CANCELLED else "collected",
                p.closes_on,
            )
            for p in collected
        ],
        statements=[
            StatementRow(c.statement_id, c.settler.value, c.closed_on, c.deposit_on, c.payment_count, c.amount, 0)
            for c in closed
        ],
        lines=[
            StatementLineRow(statement_of[p.settler, p.closes_on], p.payment_id, p.amount)
            for p in collected
            if p.status in STANDING and (p.settler, p.closes_on) in statement_of
        ],
        deposits=[
            DepositRow(c.deposit_id, c.statement_id, c.settler.value, c.amount, c.deposited_on)
            for c in closed
            if c.deposit_id is not None and c.deposited_on is not None
        ],
        transfers=list(_transfers(collected, closed)),
    )


def _transfers(collected: Iterable[_Collected], closed: Iterable[Closing]) -> Iterator[TransferRow]:
    for p in collected:
        held, owed = _accounts(p.settler)
        yield TransferRow(held, owed, p.amount, p.payment_id, p.paid_on)
        if p.status is PaymentStatus.CANCELLED and p.ended_on is not None:
            yield TransferRow(owed, held, p.amount, p.payment_id, p.ended_on)
    for c in closed:
        if c.deposited_on is not None:
            held, owed = _accounts(c.settler)
            yield TransferRow(owed, held, c.amount, c.statement_id, c.deposited_on)


def _accounts(settler: Settler) -> tuple[str, str]:
    return f"{COLLECTED}_{settler.value}", f"{OWED_TO_WARD}_{settler.value}"
