"""The naive ward: one event, one ORM transaction, one offset commit. The yardstick of `make bench`.

It does the least that registering a receipt takes (receipt row, ledger row, the slip's sum), with the same durability,
over the same log and the same kind of file. It keeps no inbox and notices no contradiction.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import msgspec
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from contracts import topics
from contracts.events import ReceiptDelivered
from services.chassis.bus.port import EventBus


class Base(DeclarativeBase):
    """The naive ward's tables."""


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
    registered_at: Mapped[datetime]


class Posting(Base):
    __tablename__ = "postings"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    debit: Mapped[str]
    credit: Mapped[str]
    amount: Mapped[int]
    subject: Mapped[str]


class NaiveWard:
    """Registers receipts one by one."""

    def __init__(self, file: Path, slips: dict[str, int]) -> None:
        self._engine = create_engine(f"sqlite:///{file}")
        event.listen(self._engine, "connect", _durable)
        Base.metadata.create_all(self._engine)
        with Session(self._engine) as session, session.begin():
            session.add_all(Slip(slip_number=number, amount=amount, received=0) for number, amount in slips.items())

    async def consume(self, bus: EventBus, count: int) -> None:
        """Register `count` receipts of the receipts topic."""
        subscription = await bus.subscribe("naive", [topics.RECEIPTS.name])
        decoder = msgspec.json.Decoder(ReceiptDelivered)
        done = 0
        while done < count:
            for message in await subscription.fetch(1, timeout=1.0):
                self._register(decoder.decode(message.value))
                await subscription.commit([message])
                done += 1
        await subscription.close()

    def _register(self, receipt: ReceiptDelivered) -> None:
        with Session(self._engine) as session, session.begin():
            if session.get(Receipt, (receipt.payment_id, receipt.kind.value)) is not None:
                return
            slip = session.get(Slip, receipt.slip_number)
            assert slip is not None, "the bench issues every slip"
            slip.received += receipt.amount
            session.add(
                Receipt(
                    payment_id=receipt.payment_id,
                    kind=receipt.kind.value,
                    slip_number=receipt.slip_number,
                    amount=receipt.amount,
                    received_on=receipt.received_on,
                    registered_at=receipt.delivered_at,
                )
            )
            session.add(
                Posting(
                    debit=f"in_transit_{receipt.settler}",
                    credit="premium_receivable",
                    amount=receipt.amount,
                    subject=receipt.slip_number,
                )
            )

    def registered(self) -> tuple[int, int]:
        """(receipts, yen) in the ledger."""
        with Session(self._engine) as session:
            rows = session.query(Posting).all()
            return len(rows), sum(row.amount for row in rows)


def _durable(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
