"""The tables of every peer: slips, receipts, a ledger. The least that registering a receipt takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, DateTime, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Base of a peer's tables."""


class Slip(Base):
    __tablename__ = "slips"
    slip_number: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)


class Receipt(Base):
    __tablename__ = "receipts"
    payment_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    slip_number: Mapped[str]
    amount: Mapped[int]
    received_on: Mapped[date]
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Posting(Base):
    __tablename__ = "postings"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    debit: Mapped[str]
    credit: Mapped[str]
    amount: Mapped[int]
    subject: Mapped[str]


class Ledger(NamedTuple):
    """What a peer has registered: yen booked, yen received on slips, and `due`, the amount of those slips."""

    receipts: int
    booked: int
    received: int
    due: int


def issue(connection: Connection, slips: Mapping[str, int]) -> None:
    """Make the tables, with these slips: number → amount."""
    Base.metadata.create_all(connection)
    with Session(connection) as session:
        session.add_all(Slip(slip_number=number, amount=amount, received=0) for number, amount in slips.items())
        session.flush()


def ledger(connection: Connection) -> Ledger:
    """Read it from these tables."""
    figures = (
        select(func.count()).select_from(Receipt),
        select(func.coalesce(func.sum(Posting.amount), 0)),
        select(func.coalesce(func.sum(Slip.received), 0)),
        select(func.coalesce(func.sum(Slip.amount), 0)).where(Slip.received > 0),
    )
    return Ledger(*(int(connection.execute(figure).scalar_one()) for figure in figures))
