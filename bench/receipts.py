"""Receipts registered per second on any bus and database, and by the naive peer in the same run.

A receipt counts as registered when the ward's transaction that holds it has committed durably, and its offset too. The
topic is filled before the clock starts, and the first batches are not counted; the audit of both ledgers ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.peers.naive import NaiveWard
from bench.stages import Seconds, since, stage_seconds
from bench.statements import timed_statements
from contracts import cloudevents, topics
from contracts.events import ReceiptDelivered
from contracts.http import AssessmentsRequest, SlipView
from contracts.vocabulary import Method, ReceiptKind, Settler, Yen, business_date
from services.chassis.bus.port import EventBus, Record
from services.chassis.clock import Clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.identity import SeededIdentity
from services.chassis.service import topic_specs
from services.ward.app import Settings, Ward, create_app, generate_assessments

NOW = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
PRODUCED_AT_ONCE = 500
WARM_UP, NAIVE_WARM_UP = 2_000, 50
OURS = "sansha ward: batches of 500, 2,000 in a backlog"
NAIVE = "naive peer: one event, one ORM transaction"


@dataclass(frozen=True, slots=True)
class Place:
    """What is measured: the bus, and for each ward a new database of the same kind."""

    bus: EventBus
    ward_url: str
    naive_url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured run, and where its seconds went as far as that is known."""

    name: str
    receipts: int
    seconds: float
    stages: Seconds
    statements: Seconds

    @property
    def per_second(self) -> float:
        return self.receipts / self.seconds


async def measure(place: Place, count: int, naive_count: int) -> tuple[Figure, Figure]:
    """(ours, naive). Raises `AssertionError` where either ledger is not right to the yen."""
    await place.bus.create_topics(topic_specs())
    ward = create_app(Settings(seed=1, database_url=place.ward_url), place.bus, Clock.stepped(NOW))
    naive = NaiveWard(place.bus, place.naive_url)
    await ward.start()
    try:
        slips = await _issue(ward, count + WARM_UP)
        receipts = [_receipt(slip, n) for n, slip in enumerate(slips)]
        await _fill(place.bus, receipts)
        keep_what_is_loaded()  # as a process does; or the collector looks through the bench's receipts all the time
        ours = await _ours(ward, len(receipts))
        await naive.start({s.slip_number: s.amount for s in slips})
        theirs = await _theirs(naive, naive_count)
        await _check(ward, receipts)
        assert (await naive.registered())[0] == naive_count + NAIVE_WARM_UP, "the naive peer lost receipts"
    finally:
        await naive.close()
        await ward.close()
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


async def _fill(bus: EventBus, receipts: Sequence[ReceiptDelivered]) -> None:
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
    done = 0
    while done < WARM_UP:
        done += await ward.consumer.handle_next(timeout=1.0)
    counted, before = count - done, stage_seconds(ward.metrics.exposition())
    with timed_statements() as statements:
        began = time.perf_counter()
        while done < count:
            done += await ward.consumer.handle_next(timeout=1.0)
        seconds = time.perf_counter() - began
    return Figure(OURS, counted, seconds, since(before, stage_seconds(ward.metrics.exposition())), statements)


async def _theirs(naive: NaiveWard, count: int) -> Figure:
    await naive.consume(NAIVE_WARM_UP)
    began = time.perf_counter()
    await naive.consume(count)
    return Figure(NAIVE, count, time.perf_counter() - began, {}, {})


async def _check(ward: Ward, receipts: Sequence[ReceiptDelivered]) -> None:
    assert sum((await ward.status()).lag.values()) == 0, "offsets are not committed"
    booked = [t.amount for t in (await ward.books()).transfers if t.debit == "in_transit_uc"]
    assert len(booked) == len(receipts), f"{len(booked)} registered of {len(receipts)}"
    assert sum(booked) == sum(r.amount for r in receipts), "the ledger is not right to the yen"
