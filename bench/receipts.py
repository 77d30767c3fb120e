"""Receipts registered per second on the embedded path, and the ratio to the naive peer in the same run.

A receipt counts as registered when the ward's transaction that holds it has committed durably (synchronous=FULL)
and its offset too. The topic is filled before the clock starts; the audit of both ledgers ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.peers.naive import NaiveWard
from contracts import cloudevents, topics
from contracts.events import ReceiptDelivered
from contracts.http import AssessmentsRequest, SlipView
from contracts.vocabulary import Method, ReceiptKind, Settler, Yen, business_date
from services.chassis.bus.port import Record
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import Clock
from services.chassis.identity import SeededIdentity
from services.chassis.service import topic_specs
from services.ward.app import Settings, Ward, create_app, generate_assessments

NOW = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
PRODUCED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured run."""

    name: str
    receipts: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.receipts / self.seconds


async def measure(folder: Path, count: int, naive_count: int) -> tuple[Figure, Figure]:
    """(ours, naive). Raises `AssertionError` where either ledger is not right to the yen."""
    bus = SqliteLog(folder / "bus", durable=True)
    await bus.create_topics(topic_specs())
    settings = Settings(seed=1, database_url=f"sqlite:///{folder / 'ward.db'}", database_durable=True)
    ward = create_app(settings, bus, Clock.stepped(NOW))
    await ward.start()
    slips = await _issue(ward, count)
    receipts = [_receipt(slip, n) for n, slip in enumerate(slips)]
    await _fill(bus, receipts)
    try:
        ours = await _ours(ward, count)
        naive = NaiveWard(folder / "naive.db", {s.slip_number: s.amount for s in slips})
        began = time.perf_counter()
        await naive.consume(bus, naive_count)
        theirs = Figure("naive peer: one event, one ORM transaction", naive_count, time.perf_counter() - began)
        await _check(ward, naive, receipts, naive_count)
    finally:
        await ward.close()
        await bus.close()
    return ours, theirs


async def _issue(ward: Ward, count: int) -> Sequence[SlipView]:
    assessed = generate_assessments(1, -(-count // 9), 2021)
    for n in range(0, len(assessed), 1000):
        await ward.assess(AssessmentsRequest(assessments=tuple(assessed[n : n + 1000])))
    return (await ward.slips(limit=count))[:count]


def _receipt(slip: SlipView, n: int) -> ReceiptDelivered:
    return ReceiptDelivered(
        payment_id=SeededIdentity(1).new("bench payment", str(n)),
        kind=ReceiptKind.PRELIMINARY,
        slip_number=slip.slip_number,
        barcode=slip.barcode or "",
        amount=Yen(slip.amount),
        method=Method.CARD,
        settler=Settler.UC,
        paid_at=NOW,
        received_on=business_date(NOW),
        delivered_at=NOW,
    )


async def _fill(bus: SqliteLog, receipts: Sequence[ReceiptDelivered]) -> None:
    identity = SeededIdentity(1)
    for n in range(0, len(receipts), PRODUCED_AT_ONCE):
        await bus.produce(
            [
                Record(
                    topics.RECEIPTS.name,
                    r.key,
                    cloudevents.encode_value(r),
                    cloudevents.headers(identity.new(r.TYPE, *r.natural_key), r, topics.PAYMENT_PROVIDER, NOW),
                )
                for r in receipts[n : n + PRODUCED_AT_ONCE]
            ]
        )


async def _ours(ward: Ward, count: int) -> Figure:
    done, began = 0, time.perf_counter()
    while done < count:
        done += await ward.consumer.handle_next(timeout=1.0)
    return Figure("sansha ward: batches of 500, 2,000 in a backlog", count, time.perf_counter() - began)


async def _check(ward: Ward, naive: NaiveWard, receipts: Sequence[ReceiptDelivered], naive_count: int) -> None:
    booked = [t.amount for t in (await ward.books()).transfers if t.debit == "in_transit_uc"]
    assert len(booked) == len(receipts), f"{len(booked)} registered of {len(receipts)}"
    assert sum(booked) == sum(r.amount for r in receipts), "the ledger is not right to the yen"
    assert naive.registered()[0] == naive_count, "the naive peer lost receipts"
