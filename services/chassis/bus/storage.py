"""What an embedded log needs from where it is kept: memory, or a folder of SQLite files."""

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
    """Proof that a member lives; lost with the object, and with the process."""

    @property
    def name(self) -> str:
        """Never used before."""

    def release(self) -> None:
        """The member lives no more. Idempotent."""


class Storage(Protocol):
    """Where a log is stored. Calls run inline, so nothing else in this process happens during one.

    Calls that name a topic raise `UnknownTopic`; all raise `BusError` if the medium fails.
    """

    signals: Signals
    durability: str
    """What `flush` has waited for when it returns, in a few words."""

    def create(self, spec: TopicSpec) -> TopicSpec:
        """Make the topic if it is missing; returns the settings it has."""

    def append(self, topic: str, records: Mapping[int, Sequence[Record]]) -> None:
        """Append records by partition, all or none."""

    def flush(self) -> None:
        """Wait until everything that was appended survives a power loss, too."""

    def ends(self, topic: str) -> Sequence[int]:
        """Next offset by partition, so its length is the number of partitions."""

    def read(self, tp: TopicPartition, start: int, limit: int) -> list[Message]:
        """Messages from `start` or the oldest kept. May return more than `limit`: the rest of a batch."""

    def snapshot(self, topic: str) -> AbstractContextManager[None]:
        """Inside it, reads of the topic see it as it stood at one moment."""

    def generation(self, group: str) -> int:
        """Cheap: tells whether the group has changed."""

    def appended(self) -> int | None:
        """Cheap: how often anything was appended to any topic; None where that is not known."""

    def group(self, group: str) -> Group:
        """The present state, not to be altered."""

    def change(self, group: str, alter: Callable[[Group], None]) -> Group:
        """Alter the state atomically, announce the group if it changed, and return the new state."""

    def offsets(self, group: str) -> dict[TopicPartition, int]:
        """What the group has committed so far."""

    def commit(self, group: str, member: str, offsets: Offsets) -> None:
        """Advance committed offsets (never back), all or none.

        Raises `Fenced` unless `member` owns all the partitions.
        """

    def set_offsets(self, group: str, offsets: Offsets) -> None:
        """Set committed offsets, whoever owns the partitions."""

    def appear(self) -> Presence:
        """A new member of some group comes to life, under a name of its own."""

    def absent(self, members: Iterable[str]) -> Collection[str]:
        """Those of the members that no longer live."""

    def listen(self, names: Collection[str]) -> bool:
        """See to it that announcements of these arrive. True where they may have been missed until now."""

    def announce(self, names: Collection[str]) -> None:
        """Give signals to everybody who listens, in whichever process."""

    def close(self) -> None:
        """Let go of the medium."""
