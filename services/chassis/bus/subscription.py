"""A member of a consumer group over any `Storage`: its partitions, how far it has read, messages in flight.

A partition is *in flight* from the fetch that delivered messages of it until a commit or a rewind covers them all. A
member that is to hand a partition over reads no more of it, and gives it up at its first fetch when it is no longer in
flight. So a slow member delays the hand-over, and no other member works on its messages meanwhile. A member
that was evicted joins again, under another name, at its next fetch or rewind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.bus.group import Group
from services.chassis.bus.port import BusError, Message, TopicPartition
from services.chassis.bus.signals import group_signal, topic_signal
from services.chassis.bus.storage import Storage
from services.chassis.clock import monotonic, pause

ROLL_CALL_SECONDS = 1.0
"""How often a member checks whether the others are alive and, as a signal may be lost, whether there are messages."""


@dataclass(slots=True)
class _Cursor:
    """One owned partition."""

    position: int
    """Offset to deliver next."""
    done: int
    """Offset up to which all that was delivered is committed."""
    surplus: Sequence[Message] = ()
    """Messages read and not delivered yet."""

    @property
    def in_flight(self) -> bool:
        return self.position > self.done

    def place(self, offset: int) -> None:
        self.position = self.done = offset
        self.surplus = ()


class LogSubscription:
    """Made by `EventBus.subscribe`. One task at a time may use it."""

    def __init__(self, storage: Storage, group: str, topics: Sequence[str]) -> None:
        self._storage, self._group = storage, group
        self._partitions = {topic: len(storage.ends(topic)) for topic in topics}
        self._group_signal = group_signal(group)
        self._topics = {topic_signal(topic): topic for topic in self._partitions}
        self._signals = (self._group_signal, *self._topics)
        self._news = storage.signals.listen(self._signals)
        self._is_signalled = False
        """Whether this member has read every topic's ends and receives signals of all that has happened since. As one
        may be lost, it reads them all once a second, too."""
        self._ends: dict[str, Sequence[int]] = {}
        """Of each topic, as last read; it may have grown since."""
        self._cursors: dict[TopicPartition, _Cursor] = {}
        self._leaving: list[TopicPartition] = []
        self._readable: list[TopicPartition] = []
        self._generation = -1
        self._next_roll_call = 0.0
        self._turn = 0
        self._exhausted_at: int | None = None
        """`Storage.appended` when this member had last read everything that it may read."""
        self._closed = False
        self._join()

    @property
    def member(self) -> str:
        """The member's current name in the group."""
        return self._presence.name

    async def fetch(self, max_records: int, timeout: float) -> Sequence[Message]:
        if timeout <= 0:
            return self._next_messages(max_records, read_all_ends=True)
        deadline = monotonic() + timeout
        await pause(0)  # everything below runs inline: other tasks go first
        while True:
            was_signalled, self._is_signalled = self._is_signalled, False
            messages = self._next_messages(max_records, read_all_ends=not was_signalled)
            self._is_signalled = was_signalled  # only now: the signals of a fetch that raised are lost
            now = monotonic()
            if messages or now >= deadline:
                return messages
            self._is_signalled = not self._storage.listen(self._signals)
            if self._is_signalled:
                await self._news.wait(min(deadline, self._next_roll_call) - now)

    async def commit(self, messages: Sequence[Message]) -> None:
        self._require_open()
        offsets: dict[TopicPartition, int] = {}
        for message in messages:
            tp = TopicPartition(message.topic, message.partition)
            offsets[tp] = max(offsets.get(tp, 0), message.offset + 1)
        if not offsets:
            return
        self._storage.commit(self._group, self.member, offsets)
        for tp, offset in offsets.items():
            cursor = self._cursors[tp]
            if offset > cursor.position:  # delivered before a rewind
                cursor.place(offset)
            cursor.done = max(cursor.done, offset)

    async def rewind(self) -> None:
        self._require_open()
        self._exhausted_at = None
        for cursor in self._cursors.values():
            cursor.place(cursor.done)
        self._settle()
        committed = self._storage.offsets(self._group)
        for tp, cursor in self._cursors.items():
            cursor.place(committed.get(tp, 0))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._cursors.clear()
        member = self.member
        self._presence.release()
        self._storage.change(self._group, lambda group: group.leave([member]))

    def _require_open(self) -> None:
        if self._closed:
            raise BusError(f"the subscription is closed: this member has left {self._group}")

    def _next_messages(self, limit: int, *, read_all_ends: bool) -> list[Message]:
        """The messages that are there. Ends are read of topics that were signalled, and of all with `read_all_ends`."""
        self._require_open()
        appended, heard = self._storage.appended(), self._news.take()
        if monotonic() >= self._next_roll_call:
            self._call_roll()
            read_all_ends = True
        same = self._keep_membership(read_all_ends or self._group_signal in heard)
        if same and appended is not None and appended == self._exhausted_at:
            return []
        for topic in self._partitions.keys() if read_all_ends else map(self._topics.get, heard):
            if topic is not None:
                self._ends[topic] = self._storage.ends(topic)
        ends = self._ends
        self._turn += 1  # each time another partition goes first, so that a busy one does not starve the others
        first = self._turn % len(self._readable) if self._readable else 0
        messages: list[Message] = []
        for tp in (*self._readable[first:], *self._readable[:first]):
            if len(messages) >= limit:
                break
            if self._cursors[tp].position < ends[tp.topic][tp.partition]:
                messages += self._take(tp, limit - len(messages))
        read_all = len(messages) < limit and not any(
            self._cursors[tp].position < ends[tp.topic][tp.partition] for tp in self._readable
        )
        self._exhausted_at = appended if read_all else None
        return messages

    def _take(self, tp: TopicPartition, limit: int) -> Sequence[Message]:
        cursor = self._cursors[tp]
        found = cursor.surplus or self._storage.read(tp, cursor.position, limit)
        taken, cursor.surplus = found[:limit], found[limit:]
        if taken:
            cursor.position = taken[-1].offset + 1
        return taken

    def _keep_membership(self, check: bool) -> bool:
        """Follow the group's changes. Returns whether this member may read the same partitions as before."""
        changed = check and self._storage.generation(self._group) != self._generation
        if changed or any(not self._cursors[tp].in_flight for tp in self._leaving):
            self._settle()
            return False
        return True

    def _call_roll(self) -> None:
        others = [name for name in self._storage.group(self._group).members if name != self.member]
        if dead := self._storage.absent(others):
            self._storage.change(self._group, lambda group: group.leave(dead))
        self._next_roll_call = monotonic() + ROLL_CALL_SECONDS

    def _join(self) -> None:
        self._presence = self._storage.appear()
        self._storage.change(self._group, lambda group: group.join(self.member, self._partitions))
        self._call_roll()

    def _settle(self) -> None:
        """Give up and claim partitions by the group's targets, except those in flight."""
        while self.member not in (group := self._settled()).members:
            self._presence.release()
            self._cursors.clear()
            self._join()
        self._adopt(group)

    def _settled(self) -> Group:
        in_flight = {tp for tp, cursor in self._cursors.items() if cursor.in_flight}
        return self._storage.change(self._group, lambda group: group.settle(self.member, in_flight))

    def _adopt(self, group: Group) -> None:
        owned = group.owned(self.member)
        committed = self._storage.offsets(self._group)
        starts = {tp: committed.get(tp, 0) for tp in owned}
        self._cursors = {tp: self._cursors.get(tp) or _Cursor(at, at) for tp, at in starts.items()}
        self._leaving = [tp for tp, keep in owned.items() if not keep]
        self._readable = sorted(tp for tp, keep in owned.items() if keep)
        self._generation = group.generation
