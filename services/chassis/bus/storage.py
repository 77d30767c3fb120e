"""What an embedded log needs of its storage: memory, or a folder of SQLite files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from services.chassis.bus.group import Group
from services.chassis.bus.port import Message, Offsets, Record, TopicPartition, TopicSpec
from services.chassis.bus.signals import Signals

TOPIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Presence(Protocol):
    """Proof that a member is alive. Ends with the object, and with the process."""

    @property
    def name(self) -> str:
        """Unique among all members, past ones included."""

    def release(self) -> None:
        """Declare the member dead. Idempotent."""


class Storage(Protocol):
    """Where a log is stored. Calls run inline, so nothing else in this process happens during one.

    Calls that name a topic raise `UnknownTopic`; all raise `BusError` if the medium fails.
    """

    signals: Signals
    durability: str
    """What `flush` waits for, in a few words."""

    def create(self, spec: TopicSpec) -> TopicSpec:
        """Create the topic if it is missing. Returns the settings that it has."""

    def append(self, topic: str, records: Mapping[int, Sequence[Record]]) -> None:
        """Append records by partition, all or none."""

    def flush(self) -> None:
        """Wait until everything that was appended survives a power loss, too."""

    def ends(self, topic: str) -> Sequence[int]:
        """The next offset of each partition."""

    def read(self, tp: TopicPartition, start: int, limit: int) -> list[Message]:
        """Messages from `start` or the oldest in the log. May return more than `limit`: whole batches are decoded."""

    def snapshot(self, topic: str) -> AbstractContextManager[None]:
        """Within it, reads of the topic see one state."""

    def generation(self, group: str) -> int:
        """A number that grows when the group changes. Cheap."""

    def appended(self) -> int | None:
        """The number of appends to any topic; None if not known. Cheap."""

    def group(self, group: str) -> Group:
        """The current state. Read-only: use `change`."""

    def change(self, group: str, alter: Callable[[Group], None]) -> Group:
        """Alter the state atomically, signal the group's listeners if it changed, and return the new state."""

    def offsets(self, group: str) -> dict[TopicPartition, int]:
        """The group's committed offsets."""

    def commit(self, group: str, member: str, offsets: Offsets) -> None:
        """Advance committed offsets, all or none. None goes back.

        Raises `Fenced` unless `member` owns all the partitions.
        """

    def set_offsets(self, group: str, offsets: Offsets) -> None:
        """Set committed offsets, whichever member owns the partitions."""

    def appear(self) -> Presence:
        """Register a new member, under a new name."""

    def absent(self, members: Iterable[str]) -> Collection[str]:
        """The given members that are dead."""

    def listen(self, names: Collection[str]) -> bool:
        """Receive announcements of these from now on. Returns True if some may have been missed until now."""

    def announce(self, names: Collection[str]) -> None:
        """Give signals to every listener, in any process."""

    def close(self) -> None:
        """Release the medium."""
