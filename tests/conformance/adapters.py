"""The adapters under test. A new one is a class here with its feature flags, and an entry in `ADAPTERS`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.kafka_subscription import KafkaSubscription
from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.memory import MemoryBus, MemoryLog
from services.chassis.bus.port import EventBus, Subscription
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.bus.subscription import LogSubscription


class Adapter:
    """One log, and ways to disturb it. The flags say what the adapter supports beyond the port."""

    name: ClassVar[str]
    needs_engine: ClassVar[bool] = False
    """Whether its server runs in a container."""
    patience: ClassVar[float] = 0.0
    """Seconds within which a fetch returns what the log holds: it may have to join a group and ask a server."""
    several_processes: ClassVar[bool] = False
    """Processes share the log by its folder, and it survives them."""
    settable_time: ClassVar[bool] = False
    """`advance` moves the clock by which records expire."""
    dropping_is_dying: ClassVar[bool] = False
    """A subscription that is garbage-collected without `close` counts as a dead member."""
    atomic_appends: ClassVar[bool] = False
    """A concurrent `read` sees all or none of one `produce` to a topic."""
    hands_over_between_batches: ClassVar[bool] = False
    """A live member holds its partitions until it has committed or rewound what it fetched of them, or until a timeout
    longer than any test."""
    tells_slow_from_dead: ClassVar[bool] = False
    """A stopped process (SIGSTOP) holds its partitions for any length of time."""
    expels_the_silent: ClassVar[bool] = False
    """A stopped process (SIGSTOP) loses its partitions to the others after a timeout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def connect(self) -> EventBus:
        """Another connection to the same log."""
        raise NotImplementedError

    async def expel(self, bus: EventBus, group: str, subscription: Subscription) -> None:
        """Make the group expel this member, although it is alive."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        raise NotImplementedError


class _Embedded(Adapter):
    settable_time = True
    dropping_is_dying = True
    atomic_appends = True
    hands_over_between_batches = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.time = 1_000_000.0

    def advance(self, seconds: float) -> None:
        self.time += seconds

    async def expel(self, bus: EventBus, group: str, subscription: Subscription) -> None:
        assert isinstance(bus, LogBus)
        assert isinstance(subscription, LogSubscription)
        await bus.evict(group, subscription.member)


class InMemory(_Embedded):
    name = "memory"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._log = MemoryLog(real_now=lambda: self.time)

    async def connect(self) -> EventBus:
        return MemoryBus(self._log)


class InSqlite(_Embedded):
    name = "sqlite_log"
    several_processes = True
    tells_slow_from_dead = True

    async def connect(self) -> EventBus:
        return SqliteLog(self.folder, real_now=lambda: self.time)


class InKafka(Adapter):
    """Each log has topics and groups under its own prefix.

    Records expire by segment, a produce becomes visible partition by partition, a member without heartbeats is dead.
    """

    name = "kafka"
    needs_engine = True
    patience = 2.0
    several_processes = True
    hands_over_between_batches = True
    expels_the_silent = True

    @staticmethod
    def place(folder: Path, bootstrap: str, prefix: str) -> None:
        """Write the broker's address and prefix into the log's folder, for other processes."""
        folder.mkdir()
        (folder / "kafka").write_text(f"{bootstrap} {prefix}")

    @property
    def options(self) -> KafkaOptions:
        bootstrap, prefix = (self.folder / "kafka").read_text().split()
        return KafkaOptions(bootstrap, prefix=prefix, session_timeout=1.5, rebalance_timeout=20.0)

    async def connect(self) -> EventBus:
        return KafkaBus(self.options)

    async def expel(self, bus: EventBus, group: str, subscription: Subscription) -> None:
        assert isinstance(subscription, KafkaSubscription)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.options.bootstrap)
        await admin.start()
        leaving = LeaveGroupRequest(self.options.prefix + group, subscription.member)
        await admin._send_request(leaving, await admin.find_coordinator(self.options.prefix + group))
        await admin.close()


ADAPTERS: dict[str, type[Adapter]] = {adapter.name: adapter for adapter in (InMemory, InSqlite, InKafka)}
