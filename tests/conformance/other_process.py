"""A second process for the conformance suite: `python -m tests.conformance.other_process ADAPTER FOLDER COMMAND`.

Each command runs until the process is killed, and prints a line for each step:
- `hold GROUP TOPIC` joins, fetches until there are messages, prints their values, commits nothing;
- `commit_late GROUP TOPIC SIGN` does as `hold` until the topic SIGN has a record, then commits, prints "committed" or
  "fenced"; if fenced it rewinds, fetches until there are messages again, prints their values and commits;
- `echo GROUP TOPIC REPLY_TOPIC` joins, prints "joined", and answers each message with a record of the same value;
- `create TOPIC COUNT` prints "making" and makes the topics TOPIC.0, TOPIC.1 and so on;
- `produce TOPIC SIZE` produces batches of SIZE records over many keys, and prints the last value after each.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from services.chassis.bus.port import EventBus, Fenced, Message, Record
from services.chassis.clock import pause
from tests.conformance.adapters import ADAPTERS
from tests.conformance.consuming import topic


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def hold(bus: EventBus, group: str, name: str) -> None:
    subscription = await bus.subscribe(group, [name])
    while not (messages := await subscription.fetch(1000, 10)):
        continue
    say(values(messages))
    await asyncio.Event().wait()


async def commit_late(bus: EventBus, group: str, name: str, sign: str) -> None:
    subscription = await bus.subscribe(group, [name])
    messages: Sequence[Message] = ()
    while not messages:
        messages = await subscription.fetch(1000, 10)
    say(values(messages))
    while not await bus.read(sign):
        await bus.wait([sign], 10)
    try:
        await subscription.commit(messages)
    except Fenced:
        say("fenced")
        await subscription.rewind()
        while not (messages := await subscription.fetch(1000, 10)):
            continue
        say(values(messages))
        await subscription.commit(messages)
    say("committed")
    await asyncio.Event().wait()


def values(messages: Iterable[Message]) -> str:
    return " ".join(message.value.decode() for message in messages)


async def echo(bus: EventBus, group: str, name: str, reply_topic: str) -> None:
    subscription = await bus.subscribe(group, [name])
    say("joined")
    while True:
        messages = await subscription.fetch(1000, 60)
        await bus.produce([Record(reply_topic, m.key, m.value, m.headers) for m in messages])
        await subscription.commit(messages)


async def create(bus: EventBus, prefix: str, topics: str) -> None:
    say("making")
    for n in range(int(topics)):
        await bus.create_topics([topic(f"{prefix}.{n}")])
        await pause(0.01)
    await asyncio.Event().wait()


async def produce(bus: EventBus, name: str, size: str) -> None:
    for batch in count():
        values = [batch * int(size) + n for n in range(int(size))]
        await bus.produce([Record(name, f"key {value}", str(value).encode(), ()) for value in values])
        say(str(values[-1]))


async def main(adapter: str, folder: str, command: str, *arguments: str) -> None:
    bus = await ADAPTERS[adapter](Path(folder)).connect()
    commands: dict[str, Callable[..., Awaitable[None]]] = {
        "hold": hold,
        "commit_late": commit_late,
        "echo": echo,
        "create": create,
        "produce": produce,
    }
    await commands[command](bus, *arguments)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
