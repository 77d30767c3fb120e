"""The event bus in memory: for the sandbox, where all parties live in one process and one event loop.

Same guarantees as on disk, except that nothing survives the process. The log outlives its connections: give
each party a `MemoryBus(log)` of its own. A subscription that is dropped without being closed counts as a
member that died.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from weakref import WeakValueDictionary

from services.chassis.bus.group import Group
from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.port import Message, Offsets, Record, TopicPartition, TopicSpec, UnknownTopic
from services.chassis.bus.signals import Signals, group_signal
from services.chassis.clock import real_time


class _Partition:
    """Messages from `oldest` on; each append leaves a mark (end offset, when) by which it expires."""

    def __init__(self) -> None:
        self.oldest = 0
        self.messages: list[Message] = []
        self.marks: deque[tuple[int, float]] = deque()

    @property
    def end(self) -> int:
        return self.oldest + len(self.messages)

    def drop_before(self, instant: float) -> None:
        """Forget what was appended before `instant`."""
        oldest = self.oldest
        while self.marks and self.marks[0][1] < instant:
            oldest, _ = self.marks.popleft()
        del self.messages[: oldest - self.oldest]
        self.oldest = oldest


class _Topic:
    def __init__(self, spec: TopicSpec) -> None:
        self.spec = spec
        self.partitions = [_Partition() for _ in range(spec.partitions)]
        self.ends = [0] * spec.partitions


class _Life:
    """A member's `Presence`: known to the log by a weak reference only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.released = False

    def release(self) -> None:
        self.released = True


class MemoryLog:
    """The `Storage`: topics and groups of one process."""

    def __init__(self, real_now: Callable[[], float] = real_time) -> None:
        self.signals = Signals()
        self._real_now = real_now
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, Group] = {}
        self._offsets: dict[str, dict[TopicPartition, int]] = {}
        self._alive: WeakValueDictionary[str, _Life] = WeakValueDictionary()
        self._appended = 0
        self._names = (f"member-{n}" for n in count(1))

    def create(self, spec: TopicSpec) -> TopicSpec:
        return self._topics.setdefault(spec.name, _Topic(spec)).spec

    def append(self, topic: str, records: Mapping[int, Sequence[Record]]) -> None:
        log, now = self._topic(topic), self._real_now()
        self._appended += 1
        for number, its_records in records.items():
            partition = log.partitions[number]
            partition.messages += [
                Message(topic, number, offset, key, value, headers)
                for offset, (_, key, value, headers) in enumerate(its_records, partition.end)
            ]
            log.ends[number] = partition.end
            partition.marks.append((partition.end, now))
        for partition in log.partitions:
            partition.drop_before(now - log.spec.retention_seconds)

    def ends(self, topic: str) -> Sequence[int]:
        return self._topic(topic).ends

    def read(self, tp: TopicPartition, start: int, limit: int) -> list[Message]:
        partition = self._topic(tp.topic).partitions[tp.partition]
        first = max(start - partition.oldest, 0)
        return partition.messages[first : first + limit]

    def snapshot(self, topic: str) -> AbstractContextManager[None]:
        return nullcontext()

    def generation(self, group: str) -> int:
        return self.group(group).generation

    def appended(self) -> int:
        return self._appended

    def group(self, group: str) -> Group:
        return self._groups.setdefault(group, Group())

    def change(self, group: str, alter: Callable[[Group], None]) -> Group:
        state = self.group(group)
        before = state.generation
        alter(state)
        if state.generation != before:
            self.signals.give(group_signal(group))
        return state

    def offsets(self, group: str) -> dict[TopicPartition, int]:
        return self._offsets.setdefault(group, {})

    def commit(self, group: str, member: str, offsets: Offsets) -> None:
        self.group(group).require(member, offsets)
        committed = self.offsets(group)
        for tp, offset in offsets.items():
            committed[tp] = max(committed.get(tp, 0), offset)

    def set_offsets(self, group: str, offsets: Offsets) -> None:
        self.offsets(group).update(offsets)

    def appear(self) -> _Life:
        life = _Life(next(self._names))
        self._alive[life.name] = life
        return life

    def absent(self, members: Iterable[str]) -> Collection[str]:
        return [m for m in members if (life := self._alive.get(m)) is None or life.released]

    def listen(self) -> bool:
        return False

    def announce(self, names: Collection[str]) -> None:
        for name in names:
            self.signals.give(name)

    def close(self) -> None:
        """A connection has closed; the log stays for the others."""

    def _topic(self, name: str) -> _Topic:
        try:
            return self._topics[name]
        except KeyError:
            raise UnknownTopic(name) from None


class MemoryBus(LogBus):
    """A connection to a log in memory: to `log`, or to one of its own."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = log or MemoryLog()
        super().__init__(self.log)
