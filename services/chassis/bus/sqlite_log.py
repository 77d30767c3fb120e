"""The event bus in a folder: a durable append-only log that several processes share without a server.

    <folder>/<topic>.log.sqlite   a topic: batches of records, end offsets, settings
    <folder>/groups.sqlite        consumer groups: members, ownership, committed offsets
    <folder>/members/*.lock       locked as long as a member lives
    <folder>/listeners/*.lock     UDP ports (loopback) of processes that wait, and their signals

The folder must be on a local file system. POSIX only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from services.chassis.bus import sqlite_topic
from services.chassis.bus.group import Group
from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.port import Message, Offsets, Record, TopicPartition, TopicSpec, UnknownTopic
from services.chassis.bus.presence import Presence, guarded, is_present
from services.chassis.bus.signals import Signals, group_signal
from services.chassis.bus.sqlite_file import reporting
from services.chassis.bus.sqlite_groups import GroupsFile
from services.chassis.bus.sqlite_topic import TopicFile
from services.chassis.bus.storage import TOPIC_NAME
from services.chassis.bus.wakeup import Wakeup
from services.chassis.clock import real_time
from services.chassis.identity import random_token


class _Folder:
    """The `Storage`: one connection's view of the folder."""

    def __init__(self, folder: Path, durable: bool, real_now: Callable[[], float]) -> None:
        self._folder, self._real_now = folder, real_now
        self._synchronous = "NORMAL" if durable else "OFF"
        self._members, self._listeners = folder / "members", folder / "listeners"
        self._topics: dict[str, TopicFile] = {}
        self._durable = durable
        self._unflushed: set[str] = set()
        self.signals = Signals()
        self.durability = f"embedded log, SQLite, {'flushed before a sender forgets' if durable else 'never flushed'}"
        with reporting(folder):
            for directory in (folder, self._members, self._listeners):
                directory.mkdir(parents=True, exist_ok=True)
            with guarded(folder):
                self._groups = GroupsFile(folder / "groups.sqlite")
        self._wakeup = Wakeup(self._listeners, self.signals.give)

    def create(self, spec: TopicSpec) -> TopicSpec:
        with reporting(self._folder), guarded(self._folder):
            sqlite_topic.create(self._path(spec.name), spec)
        return self._topic(spec.name).spec

    def append(self, topic: str, records: Mapping[int, Sequence[Record]]) -> None:
        self._topic(topic).append(records)
        self._unflushed.add(topic)

    def flush(self) -> None:
        for topic in sorted(self._unflushed) if self._durable else ():
            self._topic(topic).flush()
            self._unflushed.discard(topic)

    def ends(self, topic: str) -> Sequence[int]:
        return self._topic(topic).ends()

    def read(self, tp: TopicPartition, start: int, limit: int) -> list[Message]:
        return self._topic(tp.topic).read(tp.partition, start, limit)

    def snapshot(self, topic: str) -> AbstractContextManager[None]:
        return self._topic(topic).snapshot()

    def generation(self, group: str) -> int:
        return self._groups.generation(group)

    def appended(self) -> None:
        """None: other processes append, too."""

    def group(self, group: str) -> Group:
        return self._groups.group(group)

    def change(self, group: str, alter: Callable[[Group], None]) -> Group:
        state, changed = self._groups.change(group, alter)
        if changed:
            self.announce([group_signal(group)])
        return state

    def offsets(self, group: str) -> dict[TopicPartition, int]:
        return self._groups.offsets(group)

    def commit(self, group: str, member: str, offsets: Offsets) -> None:
        self._groups.commit(group, member, offsets)

    def set_offsets(self, group: str, offsets: Offsets) -> None:
        self._groups.set_offsets(group, offsets)

    def appear(self) -> Presence:
        with reporting(self._members):
            return Presence(self._members, f"{os.getpid()}-{random_token()}")

    def absent(self, members: Iterable[str]) -> Collection[str]:
        with reporting(self._members):
            return [member for member in members if not is_present(self._members, member)]

    def listen(self, names: Collection[str]) -> bool:
        with reporting(self._listeners):
            return self._wakeup.listen(names)

    def announce(self, names: Collection[str]) -> None:
        with reporting(self._listeners):
            self._wakeup.announce(names)

    def close(self) -> None:
        self._wakeup.close()
        for topic in self._topics.values():
            topic.close()
        self._groups.close()

    def _path(self, topic: str) -> Path:
        return self._folder / f"{topic}.log.sqlite"

    def _topic(self, name: str) -> TopicFile:
        known = self._topics.get(name)
        if known is None:
            if not TOPIC_NAME.fullmatch(name):  # a name must not lead out of the folder
                raise UnknownTopic(name)
            known = TopicFile.open(self._path(name), name, self._synchronous, self._real_now)
            if known is None:
                raise UnknownTopic(name)
            self._groups.keep_within(name, known.ends)
            self._topics[name] = known
        return known


class SqliteLog(LogBus):
    """A connection to the log in `folder`, which is created if it is missing.

    Records survive the death of any process and, if `durable`, a power loss after `flush` (docs/decisions/0029).
    `real_now` returns seconds since 1970, for retention only. Raises `BusError` if a file of the folder cannot be used.
    """

    def __init__(self, folder: Path, *, durable: bool = True, real_now: Callable[[], float] = real_time) -> None:
        super().__init__(_Folder(folder, durable, real_now))
