"""The adapters under test. A new one is a class here with its feature flags, and an entry in `ADAPTERS`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.memory import MemoryBus, MemoryLog
from services.chassis.bus.port import EventBus, Subscription
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.bus.subscription import LogSubscription


class Adapter:
    """One log and the means to disturb it. Flags say what it can do beyond the port."""

    name: ClassVar[str]
    several_processes: ClassVar[bool] = False
    """Processes share the log, and it survives them: they find it by its folder."""
    settable_time: ClassVar[bool] = False
    """`advance` moves the clock by which records expire."""
    dropping_is_dying: ClassVar[bool] = False
    """A subscription that is dropped without `close` is a member that died."""
    atomic_appends: ClassVar[bool] = False
    """A `read` while others produce sees all of one `produce` to a topic or nothing of it."""
    hands_over_between_batches: ClassVar[bool] = False
    """A member that is alive keeps its partitions until it has committed or rewound what it fetched of them."""
    tells_slow_from_dead: ClassVar[bool] = False
    """A process that is stopped keeps its partitions however long it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def connect(self) -> EventBus:
        """Another connection to the same log."""
        raise NotImplementedError

    async def expel(self, bus: EventBus, group: str, subscription: Subscription) -> None:
        """Have the group take this member for gone, though it is not."""
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


ADAPTERS: dict[str, type[Adapter]] = {adapter.name: adapter for adapter in (InMemory, InSqlite)}
