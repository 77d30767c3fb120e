"""Assigns partitions to the members of a group: balanced, with as few moves as possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from services.chassis.bus.port import TopicPartition

Targets = dict[TopicPartition, str | None]


class _Loads:
    """The number of partitions of each member, per topic and in total."""

    def __init__(self) -> None:
        self._of_topic: Counter[tuple[str, str]] = Counter()
        self._in_all: Counter[str] = Counter()

    def add(self, member: str, topic: str, count: int) -> None:
        self._of_topic[member, topic] += count
        self._in_all[member] += count

    def least(self, members: Collection[str], topic: str) -> str:
        """The member that should get the next partition of `topic`."""
        return min(members, key=lambda m: (self._of_topic[m, topic], self._in_all[m], m))

    def is_unfair(self, giver: str, taker: str, topic: str) -> bool:
        """Whether moving one partition evens out the topic or, with the topic even, the total."""
        of_topic = self._of_topic[giver, topic] - self._of_topic[taker, topic]
        in_all = self._in_all[giver] - self._in_all[taker]
        return of_topic >= 2 or (of_topic == 1 and in_all >= 2)


def assign(current: Mapping[TopicPartition, str | None], members: Mapping[str, Collection[str]]) -> Targets:
    """New targets for the partitions in `current`, given the topics that each member subscribes to.

    A pure function, so any member may compute it. None for a topic without subscribers. Each topic is spread evenly
    (counts differ by at most one), and the total as evenly as that allows.
    """
    eligible = {topic: sorted(m for m in members if topic in members[m]) for topic, _ in current}
    loads = _Loads()
    targets: Targets = {}
    for tp in sorted(current):
        holder = current[tp]
        targets[tp] = holder if holder in eligible[tp.topic] else None
        if (owner := targets[tp]) is not None:
            loads.add(owner, tp.topic, 1)
    for tp in sorted(current):
        if targets[tp] is None and eligible[tp.topic]:
            targets[tp] = taker = loads.least(eligible[tp.topic], tp.topic)
            loads.add(taker, tp.topic, 1)
    while _even_out(targets, eligible, loads):
        continue
    return targets


def _even_out(targets: Targets, eligible: Mapping[str, Collection[str]], loads: _Loads) -> bool:
    """Move partitions that are unfairly placed, in one pass. Returns whether any was moved.

    Terminates: each move lowers the sum of squares of a topic's counts or, with that unchanged, of the totals.
    """
    moved = False
    for tp, giver in targets.items():
        if giver is None:
            continue
        taker = loads.least(eligible[tp.topic], tp.topic)
        if loads.is_unfair(giver, taker, tp.topic):
            targets[tp] = taker
            loads.add(giver, tp.topic, -1)
            loads.add(taker, tp.topic, 1)
            moved = True
    return moved
