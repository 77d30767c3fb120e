"""aiokafka as the Kafka adapter uses it: how its clients are made and left, and what their errors mean.

Topics and groups bear their names on the wire here, and errors are `BusError` or one of its kinds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from ssl import SSLContext
from typing import Any, TypeVar

import aiokafka
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    KafkaConnectionError,
    KafkaError,
    NotCoordinatorForGroupError,
)
from aiokafka.helpers import create_ssl_context
from aiokafka.partitioner import DefaultPartitioner

from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import BusError, Message, TopicPartition
from services.chassis.clock import pause

LARGEST_BATCH_BYTES = 1_048_576
"""What a broker takes by default (`message.max.bytes`)."""
LONG_POLL_SECONDS = 0.25
"""How long a broker holds a fetch that finds nothing. One that finds something is answered at once; a seek, and a
new assignment, wait for the fetch before."""
PATIENCE_TO_LEAVE_SECONDS = 2.0
RETRY_SECONDS = 0.1

Answer = TypeVar("Answer")

WirePartition: Any = aiokafka.TopicPartition
"""aiokafka takes no other kind; it equals and hashes like ours."""
Records = Mapping[tuple[str, int], Sequence[Any]]
"""What a poll gives: aiokafka's `ConsumerRecord`s by partition."""

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # tells each attempt; what comes of them is raised


@asynccontextmanager
async def reported(options: KafkaOptions, what: str) -> AsyncIterator[None]:
    """Raise what goes wrong within as a `BusError` that says what could not be done, where and why."""
    try:
        yield
    except (KafkaError, ConsumerStoppedError, OSError, TimeoutError) as failure:
        raise BusError(f"cannot {what} at {options.bootstrap}: {_why(failure)}") from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise BusError(f"cannot {what} at {options.bootstrap}: the client gave it up") from None  # not we


async def patiently(options: KafkaOptions, what: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask again while the answer is that it will be known later. Raises `BusError` where that takes too long."""
    last: KafkaError | None = None
    async with reported(options, what):
        try:
            async with asyncio.timeout(options.request_timeout):
                while True:
                    try:
                        return await ask()
                    except KafkaError as failure:
                        if not failure.retriable:
                            raise
                        last = failure
                    await pause(RETRY_SECONDS)
        except TimeoutError:
            raise last or TimeoutError from None


def _why(failure: BaseException) -> str:
    said = str(failure)
    if isinstance(failure, TimeoutError) and not said:
        return "no answer in time"
    if isinstance(failure.__cause__, OSError):  # what a peer said when it closed, such as TLS' alerts
        said = f"{said}: {failure.__cause__}"
    name = type(failure).__name__
    return said if name in said else f"{name}: {said}".removesuffix(": ")


def connection(options: KafkaOptions) -> dict[str, Any]:
    """The arguments that all clients share. Raises `BusError` where a certificate cannot be used."""
    return {
        "client_id": options.client_id,
        "request_timeout_ms": milliseconds(options.request_timeout),
        "security_protocol": options.security_protocol,
        "ssl_context": _tls(options) if options.security_protocol.endswith("SSL") else None,
        "sasl_mechanism": options.sasl_mechanism,
        "sasl_plain_username": options.username,
        "sasl_plain_password": options.password,
    }


def _tls(options: KafkaOptions) -> SSLContext:
    try:
        for file in (options.ca_file, options.certificate_file, options.key_file):
            if file is not None:
                file.open().close()  # names the file; what reads it below does not
        context: SSLContext = create_ssl_context(
            cafile=options.ca_file, certfile=options.certificate_file, keyfile=options.key_file
        )
    except OSError as wrong:
        raise BusError(f"the certificates for {options.bootstrap} cannot be used: {wrong}") from None
    return context


async def start_client(client: Any, stop: Callable[[], Awaitable[None]], options: KafkaOptions) -> None:
    """Start a client, or raise `BusError` and leave nothing of it behind."""
    try:
        async with reported(options, "connect"), asyncio.timeout(options.request_timeout):
            try:
                await client.start()
            except KafkaConnectionError:
                await _ask_why(options)
                raise
    except BaseException:
        await stop()
        raise


async def _ask_why(options: KafkaOptions) -> None:
    """Connect once more, for the reason: a client that starts says only that no broker would have it."""
    host, _, port = options.bootstrap.partition(",")[0].rpartition(":")
    probe = await create_conn(host, int(port), **connection(options))
    probe.close()


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition that Kafka's own clients choose for a key (murmur2)."""
    chosen: int = DefaultPartitioner()(key.encode(), range(partitions), ())
    return chosen


def message_of(topic: str, record: Any) -> Message:
    """A `ConsumerRecord` as it is delivered: what another client left out is empty."""
    key, value, headers = record.key, record.value, tuple(record.headers)
    for _, content in headers:
        if content is None:
            headers = tuple([(name, b"" if of is None else of) for name, of in headers])
            break
    return Message(
        topic,
        record.partition,
        record.offset,
        "" if key is None else key.decode(errors="replace"),
        b"" if value is None else value,
        headers,
    )


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


async def admin_client(options: KafkaOptions) -> Any:
    """A started `AIOKafkaAdminClient`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=options.bootstrap, **connection(options))
    await start_client(admin, admin.close, options)
    return admin


async def plain_consumer(options: KafkaOptions, group: str | None = None) -> Any:
    """A started `AIOKafkaConsumer` that joins nothing and reads nothing yet."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=options.bootstrap,
        **connection(options),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=milliseconds(LONG_POLL_SECONDS),
    )
    await start_client(consumer, partial(stop_consumer, consumer), options)
    return consumer


async def stop_consumer(consumer: Any) -> None:
    """Stop, leaving the group. Where a broker keeps that waiting, or a task within fails, just go: it will notice."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping}, timeout=PATIENCE_TO_LEAVE_SECONDS)
    await consumer._client.close()  # noqa: SLF001 - ends what it waits for
    await asyncio.wait({stopping}, timeout=PATIENCE_TO_LEAVE_SECONDS)
    if not stopping.cancel() and not stopping.cancelled():
        stopping.exception()
    await _end_tasks(consumer._coordinator)  # noqa: SLF001


async def _end_tasks(coordinator: Any) -> None:
    """What did not stop in time would go on in the background: its heartbeats would keep a member in the group that
    never joins anew, and the group would wait for it."""
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    left = [task for name in names if (task := getattr(coordinator, name, None)) is not None and not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)


class GroupOffsets:
    """Asks for what groups have committed; remembers which broker coordinates a group."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._coordinators: dict[str, int] = {}

    async def committed(
        self, admin: Any, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Those of the partitions where the group has committed any."""
        wanted = list({WirePartition(*tp) for tp in partitions})

        async def ask() -> Mapping[Any, Any]:
            coordinator = self._coordinators.pop(group, None)
            if coordinator is None:
                coordinator = await admin.find_coordinator(group)
            found: Mapping[Any, Any] = await admin.list_consumer_group_offsets(group, coordinator, wanted)
            if len(found) < len(wanted):  # aiokafka takes "ask another broker" for an answer without partitions
                raise NotCoordinatorForGroupError(f"broker {coordinator} does not coordinate {group} any more")
            self._coordinators[group] = coordinator
            return found

        answer = await patiently(self._options, "read offsets", ask)
        return {TopicPartition(*tp): at.offset for tp, at in answer.items() if at.offset >= 0}


async def commit_without_members(options: KafkaOptions, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """Set the offsets of a group. Raises `BusError` where it has members."""
    consumer = await plain_consumer(options, group)
    try:
        async with reported(options, f"set offsets of {group}"), asyncio.timeout(options.request_timeout):
            consumer.assign([WirePartition(*tp) for tp in offsets])
            try:
                await consumer.commit({WirePartition(*tp): offset for tp, offset in offsets.items()})
            except CommitFailedError:
                raise BusError(f"{group} has members elsewhere: stop them to set its offsets") from None
    finally:
        await stop_consumer(consumer)
