"""Starts and stops aiokafka's clients, and translates their errors into `BusError` and its subclasses.

Names of topics and groups are those on the wire, with the prefix.
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
    AuthenticationFailedError,
    CommitFailedError,
    ConsumerStoppedError,
    KafkaConnectionError,
    KafkaError,
    NotCoordinatorForGroupError,
    SaslAuthenticationFailed,
)
from aiokafka.helpers import create_ssl_context
from aiokafka.partitioner import DefaultPartitioner

from services.chassis.bus import kafka_records
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import BusError, Message, RefusedUser, TopicPartition
from services.chassis.clock import pause

LARGEST_BATCH_BYTES = 1_048_576
"""The largest batch that a broker accepts by default (`message.max.bytes`)."""
LONG_POLL_SECONDS = 0.25
"""How long a broker holds a fetch that finds nothing. A seek and a new assignment wait for the previous fetch."""
PATIENCE_TO_LEAVE_SECONDS = 2.0
RETRY_SECONDS = 0.1

Answer = TypeVar("Answer")

WirePartition: Any = aiokafka.TopicPartition
"""aiokafka accepts no other type; it equals and hashes like ours."""
Records = Mapping[tuple[str, int], Sequence[Any]]
"""Partition → aiokafka's `ConsumerRecord`s, as a poll returns them."""

kafka_records.install()
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs every attempt; failures are raised


@asynccontextmanager
async def reported(options: KafkaOptions, what: str) -> AsyncIterator[None]:
    """Raise errors within as a `BusError` that says what could not be done, where and why."""
    try:
        yield
    except (KafkaError, ConsumerStoppedError, OSError, TimeoutError) as failure:
        kind = RefusedUser if isinstance(failure, (AuthenticationFailedError, SaslAuthenticationFailed)) else BusError
        raise kind(f"cannot {what} at {options.bootstrap}: {_why(failure)}") from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # It was aiokafka that cancelled, not our caller.
        raise BusError(f"cannot {what} at {options.bootstrap}: the client cancelled it") from None


async def patiently(options: KafkaOptions, what: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask, and retry retriable errors. Raises `BusError` after `request_timeout` seconds."""
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
    if isinstance(failure.__cause__, OSError):  # why the peer closed the connection, such as a TLS alert
        said = f"{said}: {failure.__cause__}"
    name = type(failure).__name__
    return said if name in said else f"{name}: {said}".removesuffix(": ")


def connection(options: KafkaOptions) -> dict[str, Any]:
    """The arguments that all clients share. Raises `BusError` if a certificate cannot be used."""
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
                file.open().close()  # its error names the file; create_ssl_context's does not
        context: SSLContext = create_ssl_context(
            cafile=options.ca_file, certfile=options.certificate_file, keyfile=options.key_file
        )
    except OSError as wrong:
        raise BusError(f"the certificates for {options.bootstrap} cannot be used: {wrong}") from None
    return context


async def start_client(client: Any, stop: Callable[[], Awaitable[None]], options: KafkaOptions) -> None:
    """Start a client. If it does not start, clean up and raise `BusError`."""
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
    """Connect once more to raise the reason: a client reports only that no broker accepted it."""
    host, _, port = options.bootstrap.partition(",")[0].rpartition(":")
    probe = await create_conn(host, int(port), **connection(options))
    probe.close()


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition that Kafka's own clients assign to a key (murmur2)."""
    chosen: int = DefaultPartitioner()(key.encode(), range(partitions), ())
    return chosen


def message_of(topic: str, record: Any) -> Message:
    """The message of a `ConsumerRecord`. Key, value and headers that another client left out are empty."""
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
    """A started `AIOKafkaConsumer` without subscription or assignment."""
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
    """Leave the group and stop. If the broker does not answer in time, just close the connection: it will notice."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping}, timeout=PATIENCE_TO_LEAVE_SECONDS)
    await consumer._client.close()  # noqa: SLF001 - ends what it waits for
    await asyncio.wait({stopping}, timeout=PATIENCE_TO_LEAVE_SECONDS)
    if not stopping.cancel() and not stopping.cancelled():
        stopping.exception()
    await _end_tasks(consumer._coordinator)  # noqa: SLF001


async def _end_tasks(coordinator: Any) -> None:
    """Cancel tasks that did not stop in time.

    Their heartbeats would keep a member in the group that never joins again, and the group would wait for it.
    """
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    left = [task for name in names if (task := getattr(coordinator, name, None)) is not None and not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)


class GroupOffsets:
    """Reads the committed offsets of groups. Remembers which broker coordinates each group."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._coordinators: dict[str, int] = {}

    async def committed(
        self, admin: Any, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """The group's committed offsets, without partitions to which it never committed."""
        wanted = list({WirePartition(*tp) for tp in partitions})

        async def ask() -> Mapping[Any, Any]:
            coordinator = self._coordinators.pop(group, None)
            if coordinator is None:
                coordinator = await admin.find_coordinator(group)
            found: Mapping[Any, Any] = await admin.list_consumer_group_offsets(group, coordinator, wanted)
            if len(found) < len(wanted):  # aiokafka's way to report "ask another broker"
                raise NotCoordinatorForGroupError(f"broker {coordinator} no longer coordinates {group}")
            self._coordinators[group] = coordinator
            return found

        answer = await patiently(self._options, "read offsets", ask)
        return {TopicPartition(*tp): at.offset for tp, at in answer.items() if at.offset >= 0}


async def commit_without_members(options: KafkaOptions, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """Set the offsets of a group. Raises `BusError` if it has members."""
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
