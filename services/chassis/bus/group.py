"""Who is in a consumer group and who owns what: the rules, apart from where the state is kept.

There is no leader. Whoever changes the membership also computes the new `target` of every partition; the
present `owner` gives a partition up when nothing of it is in flight, and only then does the target claim it.
No name is ever used again: a member that was removed and joins anew is another one, and what it does under its
old name is refused. So the owner's name alone fences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from services.chassis.bus.assignment import assign
from services.chassis.bus.port import Fenced, TopicPartition


class Share(msgspec.Struct):
    """One partition in the eyes of one group."""

    owner: str | None = None
    target: str | None = None


class Group(msgspec.Struct):
    """The state of one group. Every change raises `generation`."""

    generation: int = 0
    members: dict[str, list[str]] = {}
    """Topics by member."""
    shares: dict[str, list[Share]] = {}
    """By topic and partition."""

    def join(self, member: str, topics: Mapping[str, int]) -> None:
        """Add a member; `topics` gives the number of partitions of each topic it reads."""
        self.members[member] = sorted(topics)
        for topic, partitions in topics.items():
            self.shares.setdefault(topic, [Share() for _ in range(partitions)])
        self._rebalance()

    def leave(self, gone: Collection[str]) -> None:
        """Remove members at once, whatever they have in flight: they closed, died or were evicted."""
        present = [member for member in gone if member in self.members]
        for member in present:
            del self.members[member]
        if present:
            self._rebalance()

    def settle(self, member: str, in_flight: Collection[TopicPartition]) -> None:
        """Give up what `member` should not have and does not work on; claim what it should have."""
        changed = False
        for tp, share in self.each():
            if share.owner == member != share.target and tp not in in_flight:
                share.owner, changed = None, True
            elif share.owner is None and share.target == member:
                share.owner, changed = member, True
        self.generation += changed

    def each(self) -> Iterator[tuple[TopicPartition, Share]]:
        for topic, shares in self.shares.items():
            for partition, share in enumerate(shares):
                yield TopicPartition(topic, partition), share

    def owned(self, member: str) -> dict[TopicPartition, bool]:
        """The partitions of `member`, and of each whether it is to keep it."""
        return {tp: share.target == member for tp, share in self.each() if share.owner == member}

    def require(self, member: str, partitions: Iterable[TopicPartition]) -> None:
        """Raise `Fenced` unless `member` owns all the partitions."""
        owners = {tp: share.owner for tp, share in self.each()}
        for tp in partitions:
            if (owner := owners.get(tp)) != member:
                raise Fenced(f"{tp.topic}/{tp.partition} is not {member}'s; it is {owner or 'nobody'}'s by now")

    def _rebalance(self) -> None:
        targets = assign({tp: share.target for tp, share in self.each()}, self.members)
        for tp, share in self.each():
            share.target = targets[tp]
            if share.owner not in self.members:
                share.owner = None
        self.generation += 1
