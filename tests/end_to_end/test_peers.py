"""The peers on Kafka register what the ward registers, or a ratio to them would mean nothing."""

from __future__ import annotations

import pytest

from bench.peers.faststream_ward import FastStreamWard
from bench.peers.tables import Ledger
from bench.receipts import Measured, fill, measure, receipt_of
from contracts.topics import RECEIPTS
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.service import topic_specs
from testbed.broker import Broker
from testbed.postgres import PostgresServer

pytestmark = pytest.mark.stack

SLIPS = {f"{n:021d}": 1_000 + n for n in range(120)}


@pytest.mark.parametrize("batch", [False, True])
async def test_the_faststream_peer_registers_each_receipt_once_and_to_the_yen(
    broker: Broker, postgres: PostgresServer, topic_prefix: str, batch: bool
) -> None:
    bus = KafkaBus(KafkaOptions(broker.plain, prefix=topic_prefix))
    peer = FastStreamWard(
        broker.plain, topic_prefix, postgres.url(await postgres.make_database("faststream")), batch=batch
    )
    receipts = [receipt_of(number, amount, n) for n, (number, amount) in enumerate(SLIPS.items())]
    total = sum(SLIPS.values())
    try:
        await bus.create_topics(topic_specs())
        await fill(bus, [*receipts, *receipts[:30]])  # delivery is at least once
        await peer.start(SLIPS)
        assert await peer.consume(len(receipts) + 30) == len(receipts) + 30
        assert await peer.stop() == Ledger(len(receipts), total, total, total)
        assert sum((await bus.committed(peer.group, [RECEIPTS.name])).values()) == len(receipts) + 30
    finally:
        await peer.close()
        await bus.close()


async def test_peers_and_ward_are_measured_on_one_topic(
    broker: Broker, postgres: PostgresServer, topic_prefix: str
) -> None:
    bus = KafkaBus(KafkaOptions(broker.plain, prefix=topic_prefix))
    ward, of_peer = [postgres.url(await postgres.make_database(name)) for name in ("ward", "peer")]
    try:
        peer = FastStreamWard(broker.plain, topic_prefix, of_peer, batch=True)
        ours, theirs = await measure(bus, ward, 2_500, [Measured(peer, 500)])
    finally:
        await bus.close()
    assert ours.receipts > 0 < ours.seconds
    assert theirs.receipts >= 500
    assert "FastStream" in theirs.name
