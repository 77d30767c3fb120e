"""The promises hold for any history of members that join, fetch, commit, rewind, leave, die and are expelled."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.bus.port import EventBus, Fenced, Message, Subscription
from tests.conformance.adapters import ADAPTERS, Adapter
from tests.conformance.consuming import TOPIC, numbered, topic

ABLE = [name for name, adapter in ADAPTERS.items() if adapter.dropping_is_dying]
ACTIONS = ("produce", "join", "fetch", "fetch", "commit", "commit", "rewind", "leave", "die", "expel")

Place = tuple[int, int]


@dataclass
class Member:
    subscription: Subscription
    in_flight: list[Message] = field(default_factory=list)
    expelled: bool = False


class History:
    """Plays actions and checks the invariants after each."""

    def __init__(self, adapter: Adapter, bus: EventBus) -> None:
        self.adapter, self.bus = adapter, bus
        self.members: list[Member] = []
        self.produced = 0
        self.committed: set[Place] = set()

    async def play(self, action: str, number: int) -> None:
        if action == "produce":
            await self.bus.produce(numbered(range(self.produced, self.produced + number)))
            self.produced += number
        elif action == "join":
            self.members.append(Member(await self.bus.subscribe("g", [TOPIC])))
        elif self.members:
            await getattr(self, action)(number % len(self.members), number)

    async def fetch(self, n: int, limit: int) -> None:
        member = self.members[n]
        messages = await member.subscription.fetch(limit, 0)
        if messages and member.expelled:  # it has joined again, and no longer owns what it held before
            member.expelled = False
            member.in_flight.clear()
        for other in self.members:
            if other is not member and not other.expelled:
                assert not places(messages) & places(other.in_flight), "delivered to two live owners"
        member.in_flight += messages

    async def commit(self, n: int, number: int) -> None:
        member = self.members[n]
        try:
            await member.subscription.commit(member.in_flight)
        except Fenced:
            await self.rewind(n, number)
        else:
            self.committed |= places(member.in_flight)
            member.in_flight.clear()

    async def rewind(self, n: int, number: int) -> None:
        await self.members[n].subscription.rewind()
        self.members[n].in_flight.clear()
        self.members[n].expelled = False

    async def leave(self, n: int, number: int) -> None:
        await self.members.pop(n).subscription.close()

    async def die(self, n: int, number: int) -> None:
        del self.members[n]
        gc.collect(0)

    async def expel(self, n: int, number: int) -> None:
        if not self.members[n].expelled:
            await self.adapter.expel(self.bus, "g", self.members[n].subscription)
        self.members[n].expelled = True

    async def finish(self) -> None:
        """All members leave; a new one gets exactly what was not committed, in order."""
        while self.members:
            await self.leave(0, 0)
        last = await self.bus.subscribe("g", [TOPIC])
        rest: list[Message] = []
        while messages := await last.fetch(1000, 0):
            rest += messages
        for partition in range(4):
            offsets = [m.offset for m in rest if m.partition == partition]
            assert offsets == sorted(set(offsets))
        assert not places(rest) & self.committed, "committed and delivered again"
        assert len(places(rest) | self.committed) == self.produced, "lost"


def places(messages: Sequence[Message]) -> set[Place]:
    return {(m.partition, m.offset) for m in messages}


@pytest.mark.parametrize("name", ABLE)
@given(history=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 30)), min_size=10, max_size=60))
def test_no_history_loses_a_message_or_gives_it_to_two(name: str, history: list[tuple[str, int]]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            adapter = ADAPTERS[name](Path(folder))
            bus = await adapter.connect()
            await bus.create_topics([topic()])
            played = History(adapter, bus)
            for action, number in history:
                await played.play(action, number)
            await played.finish()
            await bus.close()

    asyncio.run(play())
