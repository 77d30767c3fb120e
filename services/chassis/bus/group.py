"""The rules of a consumer group: its members, and who owns which partition.

There is no leader. The process that changes the membership also computes the new `target` of every partition. The
current `owner` gives a partition up when nothing of it is in flight, and only then does the target claim it. Names are
never reused: a member that was removed and joins again gets another one, and requests under the old one are refused.
So the owner's name is a sufficient fence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from services.chassis.bus.assignment import assign
from services.chassis.bus.port import Fenced, TopicPartition


class Share(msgspec.Struct):
    """One group's ownership of one partition."""

    owner: str | None = None
    target: str | None = None


class Group(msgspec.Struct):
    """The state of one group. Every change raises `generation`."""

    generation: int = 0
    members: dict[str, list[str]] = {}
    """Member → topics."""
    shares: dict[str, list[Share]] = {}
    """Topic → one per partition."""

    def join(self, member: str, topics: Mapping[str, int]) -> None:
        """Add a member. `topics` maps each topic that it reads to the number of its partitions."""
        self.members[member] = sorted(topics)
        for topic, partitions in topics.items():
            self.shares.setdefault(topic, [Share() for _ in range(partitions)])
        self._rebalance()

    def leave(self, members: Collection[str]) -> None:
        """Remove members that have closed, died or been evicted, whatever they have in flight."""
        present = [member for member in members if member in self.members]
        for member in present:
            del self.members[member]
        if present:
            self._rebalance()

    def settle(self, member: str, in_flight: Collection[TopicPartition]) -> None:
        """Have `member` give up partitions that are not its target and not in flight, and claim free ones that are."""
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
        """The partitions of `member` → whether it is to keep them."""
        return {tp: share.target == member for tp, share in self.each() if share.owner == member}

    def require(self, member: str, partitions: Iterable[TopicPartition]) -> None:
        """Raise `Fenced` unless `member` owns all the partitions."""
        owners = {tp: share.owner for tp, share in self.each()}
        for tp in partitions:
            if (owner := owners.get(tp)) != member:
                raise Fenced(
                    f"{tp.topic}/{tp.partition} does not belong to {member}; it belongs to {owner or 'no member'} now"
                )

    def _rebalance(self) -> None:
        targets = assign({tp: share.target for tp, share in self.each()}, self.members)
        for tp, share in self.each():
            share.target = targets[tp]
            if share.owner not in self.members:
                share.owner = None
        self.generation += 1
