"""The event bus in memory, for the sandbox: all its parties run in one process and one event loop.

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

import msgspec

from services.chassis.bus.group import Group
from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.port import Message, Offsets, Record, TopicPartition, TopicSpec, UnknownTopic
from services.chassis.bus.signals import Signals, group_signal
from services.chassis.clock import real_time

PACKET = 100
"""Messages encoded together. The last 100 to 200 of a partition, which are being read, are not encoded."""
_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[Message])


class _Partition:
    """Messages from `oldest` on. Each append leaves a mark (end offset, time) by which it expires.

    Messages before `latest_from` are rarely read again, and are encoded in packets of `PACKET`, which halves their
    memory.
    """

    def __init__(self) -> None:
        self.oldest = self.latest_from = 0
        self.packets: list[bytes] = []
        self.latest: list[Message] = []
        self.marks: deque[tuple[int, float]] = deque()

    @property
    def end(self) -> int:
        return self.latest_from + len(self.latest)

    def append(self, messages: Iterable[Message], now: float) -> None:
        self.latest += messages
        self.marks.append((self.end, now))
        while len(self.latest) >= 2 * PACKET:
            self.packets.append(_encoder.encode(self.latest[:PACKET]))
            self._cut(PACKET)

    def read(self, start: int, limit: int) -> list[Message]:
        """Messages from `start`, up to `limit` or to the end of the packet that it falls into."""
        found: list[Message] = []
        at = max(start, self.oldest) - self.latest_from
        while at < 0 and len(found) < limit:
            packet, place = divmod(at, PACKET)  # counted from the last packet's end
            found += _decoder.decode(self.packets[packet])[place:]
            at += PACKET - place
        return found + self.latest[at : at + max(limit - len(found), 0)]

    def drop_before(self, instant: float) -> None:
        """Drop records appended before `instant`."""
        if not self.marks or self.marks[0][1] >= instant:
            return
        while self.marks and self.marks[0][1] < instant:
            self.oldest, _ = self.marks.popleft()
        left = -(-max(self.latest_from - self.oldest, 0) // PACKET)
        del self.packets[: len(self.packets) - left]
        self._cut(max(self.oldest - self.latest_from, 0))

    def _cut(self, messages: int) -> None:
        """Drop the first of the latest."""
        del self.latest[:messages]
        self.latest_from += messages


class _Topic:
    def __init__(self, spec: TopicSpec) -> None:
        self.spec = spec
        self.partitions = [_Partition() for _ in range(spec.partitions)]
        self.ends = [0] * spec.partitions


class _Life:
    """A member's `Presence`. The log holds only a weak reference to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.released = False

    def release(self) -> None:
        self.released = True


class MemoryLog:
    """The `Storage`: topics and groups of one process."""

    durability = "in memory, lost when the process ends"

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
        for its_records in records.values():
            for record in its_records:
                for name, _ in record.headers:
                    name.encode()  # a lone surrogate raises here, not when the packet is encoded
        self._appended += 1
        for number, its_records in records.items():
            partition = log.partitions[number]
            messages = [
                Message(topic, number, offset, key, value, headers)
                for offset, (_, key, value, headers) in enumerate(its_records, partition.end)
            ]
            partition.append(messages, now)
            log.ends[number] = partition.end
        for partition in log.partitions:
            partition.drop_before(now - log.spec.retention_seconds)

    def flush(self) -> None:
        """Nothing here outlives the process."""

    def ends(self, topic: str) -> Sequence[int]:
        return self._topic(topic).ends

    def read(self, tp: TopicPartition, start: int, limit: int) -> list[Message]:
        return self._topic(tp.topic).partitions[tp.partition].read(start, limit)

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

    def listen(self, _names: Collection[str]) -> bool:
        return False

    def announce(self, names: Collection[str]) -> None:
        for name in names:
            self.signals.give(name)

    def close(self) -> None:
        """The log stays for other connections."""

    def _topic(self, name: str) -> _Topic:
        try:
            return self._topics[name]
        except KeyError:
            raise UnknownTopic(name) from None


class MemoryBus(LogBus):
    """A connection to `log`, or to a new log in memory."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = log or MemoryLog()
        super().__init__(self.log)
