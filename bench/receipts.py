"""Receipts registered per second on any bus and database, by our ward and by its peers in the same run.

A receipt counts as registered once the ward has committed it durably to its database and then its offset. The topic is
filled before the measurement starts, and the first batches are not counted; every ledger is audited at the end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bench.peers.tables import Ledger
from bench.stages import Seconds, since, stage_seconds
from bench.statements import timed_statements
from contracts import topics
from contracts.events import ReceiptDelivered
from contracts.http.ward.slips import AssessmentsRequest
from contracts.vocabulary import Method, ReceiptKind, Settler, Yen, business_date
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.identity import SeededIdentity
from services.chassis.sealing.choosing import sealer_for
from services.chassis.service import topic_specs
from services.chassis.transaction import Author
from services.ward.app import Settings, Ward, create_app, generate_assessments

NOW = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
PRODUCED_AT_ONCE = 500
WARM_UP, PEER_WARM_UP = 2_000, 50
OURS = "sansha ward: batches of 500, 2,000 in a backlog"


class Peer(Protocol):
    """Another ward, measured on the same topic with its own database."""

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...

    async def start(self, slips: Mapping[str, int]) -> None:
        """Make its tables, with these slips: number → amount."""

    async def consume(self, count: int) -> int:
        """Register at least `count` further receipts; returns how many were registered."""

    async def stop(self) -> Ledger:
        """Finish what is in flight and leave the group; returns the ledger."""

    async def close(self) -> None:
        """Close the database."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A peer, and the least number of receipts that it registers while measured."""

    peer: Peer
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured run, and its seconds by stage and by statement, if known."""

    name: str
    receipts: int
    seconds: float
    stages: Seconds
    statements: Seconds

    @property
    def per_second(self) -> float:
        return self.receipts / self.seconds


async def measure(bus: EventBus, ward_url: str, count: int, peers: Sequence[Measured]) -> list[Figure]:
    """Our figure, then the peers' in their order. Raises `AssertionError` if a ledger is not right to the yen."""
    await bus.create_topics(topic_specs())
    ward = create_app(Settings(seed=1, database_url=ward_url), bus, Clock.stepped(NOW))
    await ward.start()
    try:
        receipts = await receipts_for(ward, count + WARM_UP)
        await fill(bus, receipts)
        keep_what_is_loaded()  # as a process does; else the collector traverses all these receipts again and again
        figures = [await consumed(ward, len(receipts))]
        await require_right(ward, receipts)
    finally:
        await ward.close()
    amounts = {receipt.slip_number: int(receipt.amount) for receipt in receipts}
    for measured in peers:
        try:
            figures.append(await _theirs(bus, measured, amounts))
        finally:
            await measured.peer.close()
    return figures


async def receipts_for(ward: Ward, count: int) -> Sequence[ReceiptDelivered]:
    """A receipt for each of as many slips, which are issued for it."""
    assessed = generate_assessments(1, -(-count // 9), 2021)
    for n in range(0, len(assessed), 1000):
        await ward.commands.assess(AssessmentsRequest(assessments=tuple(assessed[n : n + 1000])))
    slips = (await ward.queries.slips(limit=count))[:count]
    return [receipt_of(slip.slip_number, slip.amount, n) for n, slip in enumerate(slips)]


def receipt_of(slip_number: str, amount: int, n: int) -> ReceiptDelivered:
    """速報 of the `n`th payment, which pays this slip."""
    return ReceiptDelivered(
        payment_id=SeededIdentity(1).new("bench payment", str(n)),
        kind=ReceiptKind.PRELIMINARY,
        slip_number=slip_number,
        barcode="",
        amount=Yen(amount),
        method=Method.CARD,
        settler=Settler.UC,
        paid_at=NOW,
        received_on=business_date(NOW),
        delivered_at=NOW,
    )


async def fill(bus: EventBus, receipts: Sequence[ReceiptDelivered], readers: Path | None = None) -> None:
    """Produce them as the provider does, sealed if there are public keys of their readers."""
    author = Author(topics.PAYMENT_PROVIDER, SeededIdentity(1), sealer_for(readers))
    for n in range(0, len(receipts), PRODUCED_AT_ONCE):
        some = receipts[n : n + PRODUCED_AT_ONCE]
        await bus.produce([author.record(r, topics.RECEIPTS.name, NOW) for r in some])


async def consumed(ward: Ward, count: int) -> Figure:
    """Have a started ward register `count` receipts that are on the topic; all but the first batch are counted."""
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


async def _theirs(bus: EventBus, measured: Measured, slips: Mapping[str, int]) -> Figure:
    peer = measured.peer
    await peer.start(slips)
    done = await peer.consume(PEER_WARM_UP)
    began = time.perf_counter()
    counted = await peer.consume(measured.count)
    seconds = time.perf_counter() - began
    ledger = await peer.stop()
    offsets = sum((await bus.committed(peer.group, [topics.RECEIPTS.name])).values())
    assert ledger.receipts == offsets >= done + counted, f"{peer.name}: {offsets} offsets committed, {ledger}"
    assert ledger.booked == ledger.received == ledger.due, f"{peer.name} is not right to the yen: {ledger}"
    return Figure(peer.name, counted, seconds, {}, {})


async def require_right(ward: Ward, receipts: Sequence[ReceiptDelivered]) -> None:
    """Raises `AssertionError` if these receipts are not in the ward's ledger, to the yen."""
    assert sum((await ward.status()).lag.values()) == 0, "offsets are not committed"
    booked = [t.amount for t in (await ward.books()).transfers if t.debit == "in_transit_uc"]
    assert len(booked) == len(receipts), f"{len(booked)} registered of {len(receipts)}"
    assert sum(booked) == sum(r.amount for r in receipts), "the ledger is not right to the yen"
