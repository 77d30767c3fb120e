"""Searches what a party's keeper could find: every byte of the party's files, and what its keys still open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from contracts import topics
from contracts.sealing import UnopenableEvent
from services.chassis.bus.port import EventBus
from services.chassis.service import Service


def bytes_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file in a folder and below."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def found_in_files(folder: Path, numbers: Collection[str], *, of: str = "") -> dict[str, list[str]]:
    """Number → the files whose names begin with `of` and that hold it anywhere: in text, JSON, MessagePack, pages."""
    wanted = {number: number.encode() for number in numbers}
    return _places(((name, content) for name, content in bytes_of(folder) if name.startswith(of)), wanted)


async def found_on_bus(
    bus: EventBus, service: Service, numbers: Collection[str], *, outside: bool = True
) -> dict[str, list[str]]:
    """Number → the topics whose messages this party can open and in which it is: in the value, or `outside` of it, in
    the key or a header."""
    read: list[tuple[str, bytes]] = []
    for topic in topics.readable_by(service.principal):
        for message in await bus.read(topic.name, max_records=1_000_000):
            headers = b"\x00".join(content for _, content in message.headers)
            read.append((topic.name, headers + message.key.encode() if outside else b""))
            try:
                opened = service.opener.open(message.topic, message.key, message.headers, message.value)
            except UnopenableEvent:
                continue
            read.append((topic.name, opened))
    return _places(iter(read), {number: number.encode() for number in numbers})


def _places(contents: Iterator[tuple[str, bytes]], wanted: dict[str, bytes]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in contents:
        for number, digits in wanted.items():
            if digits in content and name not in found.setdefault(number, []):
                found[number].append(name)
    return {number: names for number, names in found.items() if names}
