"""Sends batches to Kafka, each exactly once and in order."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from services.chassis.bus.kafka_clients import (
    LARGEST_BATCH_BYTES,
    PATIENCE_TO_LEAVE_SECONDS,
    connection,
    reported,
    start_client,
)
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import TopicPartition


class Producer:
    """Idempotent, acknowledged by all replicas, in order per partition across retries."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._producer = AIOKafkaProducer(
            bootstrap_servers=options.bootstrap,
            **connection(options),
            enable_idempotence=True,
            acks="all",
            max_batch_size=LARGEST_BATCH_BYTES,
            max_request_size=LARGEST_BATCH_BYTES,
        )
        # A batch that expires while there is no leader leaves a gap in the sequence, and the broker refuses the next.
        self._producer._message_accumulator._batch_ttl = math.inf  # noqa: SLF001
        self.broken = False
        """Whether a batch was refused. Its partition's later batches would be refused, too."""

    async def start(self) -> None:
        await start_client(self._producer, self.abandon, self._options)

    def batch(self) -> Any:
        """An empty `BatchBuilder`."""
        return self._producer.create_batch()

    async def send(self, batches: Iterable[tuple[TopicPartition, Any]]) -> None:
        """Return when every batch is acknowledged. Raises `BusError` if that is not certain in time.

        Batches that were not acknowledged in time are still retried, before anything that is sent later.
        """
        sent: list[asyncio.Future[Any]] = []
        async with reported(self._options, "produce"), asyncio.timeout(self._options.request_timeout):
            try:
                for tp, batch in batches:
                    sent.append(await self._producer.send_batch(batch, tp.topic, partition=tp.partition))
                await asyncio.gather(*sent)
            except KafkaTimeoutError:
                raise
            except KafkaError:
                self.broken = True
                raise
            finally:
                for future in sent:
                    _discard(future)

    async def abandon(self) -> None:
        """Stop without waiting for unsent batches. Idempotent."""
        producer = self._producer
        producer._closed = True  # noqa: SLF001 - its `stop` waits until everything is sent
        stopping = asyncio.ensure_future(producer._sender.close())  # noqa: SLF001
        await asyncio.wait({stopping}, timeout=PATIENCE_TO_LEAVE_SECONDS)
        await producer.client.close()
        stopping.cancel()
        await asyncio.wait({stopping})


def _discard(future: asyncio.Future[Any]) -> None:
    """Cancel it or consume its exception, so that asyncio does not log it as never retrieved."""
    if not future.cancel() and not future.cancelled():
        future.exception()
