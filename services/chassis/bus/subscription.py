"""A member of a consumer group over any `Storage`: what it owns, how far it has read, what is in flight.

A partition is *in flight* from the fetch that delivered of it until a commit or a rewind covers all of that.
A member that should hand one over gets no more of it, and gives it up at the first fetch that finds it no
longer in flight: so a slow member delays a hand-over, and nobody works on its messages meanwhile.
A member that was evicted joins anew, under another name, at its next fetch or rewind.
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
"""How often a member looks whether others died, and, as an announcement may be lost, for messages."""


@dataclass(slots=True)
class _Cursor:
    """One owned partition."""

    position: int
    """Offset to deliver next."""
    done: int
    """Offset up to which all that was delivered is committed."""
    surplus: Sequence[Message] = ()
    """Read and not yet delivered."""

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
        self._is_told = False
        """Whether this member has looked everywhere, and signals of what has happened since reach it. One may be lost:
        it looks everywhere once a second, too."""
        self._ends: dict[str, Sequence[int]] = {}
        """Of each topic, as far as this member knows: it has these at least."""
        self._cursors: dict[TopicPartition, _Cursor] = {}
        self._leaving: list[TopicPartition] = []
        self._readable: list[TopicPartition] = []
        self._generation = -1
        self._next_roll_call = 0.0
        self._turn = 0
        self._exhausted_at: int | None = None
        """What `Storage.appended` said when all that this member may read was last found to be read."""
        self._closed = False
        self._join()

    @property
    def member(self) -> str:
        """The name under which the group knows this member at present."""
        return self._presence.name

    async def fetch(self, max_records: int, timeout: float) -> Sequence[Message]:
        if timeout <= 0:
            return self._next_messages(max_records, look_everywhere=True)
        deadline = monotonic() + timeout
        await pause(0)  # everything below runs inline: let the other tasks have their turn
        while True:
            was_told, self._is_told = self._is_told, False
            messages = self._next_messages(max_records, look_everywhere=not was_told)
            self._is_told = was_told  # what a look that failed had been told of is lost: the next one is everywhere
            now = monotonic()
            if messages or now >= deadline:
                return messages
            self._is_told = not self._storage.listen(self._signals)
            if self._is_told:
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
            raise BusError(f"this member of {self._group} has left it: the subscription is closed")

    def _next_messages(self, limit: int, *, look_everywhere: bool) -> list[Message]:
        """Those that are there; `look_everywhere`, or where there was news, and everywhere once a second."""
        self._require_open()
        appended, heard = self._storage.appended(), self._news.take()
        if monotonic() >= self._next_roll_call:
            self._call_roll()
            look_everywhere = True
        same = self._keep_membership(look_everywhere or self._group_signal in heard)
        if same and appended is not None and appended == self._exhausted_at:
            return []
        for topic in self._partitions.keys() if look_everywhere else map(self._topics.get, heard):
            if topic is not None:
                self._ends[topic] = self._storage.ends(topic)
        ends = self._ends
        self._turn += 1  # another partition goes first each time, so that a busy one does not starve the rest
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

    def _keep_membership(self, look: bool) -> bool:
        """Whether this member may read what it could read before, and no more."""
        changed = look and self._storage.generation(self._group) != self._generation
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
        """Bring what is owned in line with the group's targets, as far as nothing is in flight."""
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
