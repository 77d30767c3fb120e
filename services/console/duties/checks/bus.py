"""The bus: only the contract's parties may read it, and what is on it is sealed for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from contracts import topics
from contracts.duties.items import TOLD
from contracts.parties import PRINCIPALS
from contracts.topics import TOPICS, Topic
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import EventBus, Message, TopicPartition, UnknownTopic
from services.chassis.bus.sqlite_groups import readers_in
from services.chassis.deferred import Deferred
from services.console.duties.checks.network import NOT_SAID, protections
from services.console.duties.site import Found, Site, cannot_tell, fails, few, holds
from services.console.duties.words import Said
from services.console.stack.clients import StackClient

OF_CLUSTER: Final[Deferred[Found]] = Deferred("services.console.duties.checks.cluster:check_rules", extra="provision")
SAMPLED: Final = 200
"""The latest messages of a partition that are looked at."""
_NUMBER: Final = re.compile(rb"\d{10,}")
_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FIELDS: Final = frozenset(field for item in TOLD for field in item.fields)
_IDS: Final = frozenset({"ce_id", "ce_time", "traceparent", "sealed-for"})
"""Headers whose digits are those of ids, instants and wrapped keys."""
_READERS: Final = {topic.name: topic.readers for topic in TOPICS}


# ---- within the contract


async def check_within_contract(party: str, site: Site) -> Found:
    """The groups that have read from the log of this machine; on a cluster, the access rules as applied there."""
    if site.client is not None and await is_on_kafka(site.client, party):
        return await asyncio.to_thread(_rules_of_cluster)
    if site.folder is None:
        return cannot_tell(
            "ログは他の機器にあり、ここからは読めない。", "the log is on another machine, and cannot be read from here"
        )
    users = sorted(path.stem for path in (site.folder / "access").glob("*.json"))
    return judge_readers(party, readers_in(site.folder / "bus"), users)


def judge_readers(party: str, readers: Iterable[tuple[str, str]], users: Sequence[str]) -> Found:
    """`readers`: (group, topic); `users`: the principals for which there are users files."""
    own = {topic.name for topic in TOPICS if party in (topic.owner, *topic.readers)}
    concerned = sorted((group, topic) for group, topic in readers if topic in own or topic not in _READERS)
    strange = [f"{group} → {topic}" for group, topic in concerned if group not in _READERS.get(topic, ())]
    if strange:
        return fails(
            f"契約の当事者でない読取りが{len(strange)}件ある：{few(strange)}",
            f"{len(strange)} readings by others than the contract's readers: {few(strange)}",
        )
    if others := [name for name in users if name not in PRINCIPALS]:
        return fails(
            f"契約の当事者でない者の利用者ファイルがある：{few(others)}",
            f"users of no party of the contract: {few(others)}",
        )
    groups = {group for group, _ in concerned}
    if not groups:
        return holds(
            f"この当事者の{len(own)}トピックはまだ誰にも読まれていない。契約外の利用者もない。",
            f"nobody has read the {len(own)} topics that this party writes or reads yet; there are no users of others",
        )
    return holds(
        f"この当事者の{len(own)}トピックを読んだのは{len(groups)}者で、いずれも契約上の受け手である。",
        f"{len(groups)} readers of the {len(own)} topics that this party writes or reads, each one of the contract's",
    )


def _rules_of_cluster() -> Found:
    try:
        return OF_CLUSTER.load()()
    except ModuleNotFoundError as missing:
        return cannot_tell(f"Kafkaの権限を読めない：{missing}", f"the cluster's rules cannot be read: {missing}")


async def is_on_kafka(client: StackClient, party: str) -> bool:
    environment = await client.get(party, "/ops/environment")
    return "Kafka" in str(environment["bus"])


# ---- sealed


async def check_sealed(party: str, site: Site) -> Found:
    """A sample of what the party sends and receives, as whoever holds the log's files would see it.

    Of a log that cannot be read from here, the party's own word.
    """
    if site.client is not None and await is_on_kafka(site.client, party):
        said = await protections(site.client, party)
        return NOT_SAID if said is None else judge_word(said.sealed)
    if site.folder is None or not (site.folder / "bus").is_dir():
        return cannot_tell(
            "ログは他の機器にあり、標本を採れない。", "the log is on another machine: no sample can be taken from here"
        )
    own = [topic for topic in TOPICS if party in (topic.owner, *topic.readers) and topic is not topics.CLOCK]
    async with log_in(site.folder / "bus") as bus:
        found = [message for topic in own for message in await latest(bus, topic)]
    return judge_sample(found, len(own))


def judge_word(sealed: bool) -> Found:
    if not sealed:
        return fails(
            "当事者の設定により、データは封緘されていない。",
            "by its own settings, what the party publishes is not sealed",
        )
    return holds(
        "当事者の設定により、発行するデータはすべて受け手ごとに封緘される（標本はここからは採れない）。",
        "by its own settings, whatever the party publishes is sealed for its readers (no sample from here)",
    )


def judge_sample(messages: Sequence[Message], of_topics: int) -> Found:
    clear = [(message, said) for message in messages if (said := shows(message)) is not None]
    if clear:
        first, said = clear[0]
        return fails(
            f"標本{len(messages)}件のうち{len(clear)}件が平文で読める（例：{first.topic}、区画{first.partition}、"
            f"位置{first.offset} の{said.japanese}）。",
            f"{len(clear)} of {len(messages)} messages can be read in clear, e.g. {said.english} in {first.topic}, "
            f"partition {first.partition}, offset {first.offset}",
        )
    if not messages:
        return cannot_tell("まだ送受信がない。", "nothing was sent or received yet")
    return holds(
        f"{of_topics}トピックの標本{len(messages)}件に、平文で読める番号・項目なし。",
        f"a sample of {len(messages)} messages of {of_topics} topics shows no number and no field of a person in clear",
    )


def shows(message: Message) -> Said | None:
    """What a message shows of a person to whoever holds the log; None if nothing.

    A payment's id is a pseudonym, and no number of a person.
    """
    places = {"key": message.key.encode(errors="replace"), **dict(message.headers)}
    numbered = [name for name, value in places.items() if name not in _IDS and _numbers(value)]
    if numbered:
        return Said(f"番号（{numbered[0]}）", f"a number in {numbered[0]}")
    try:
        document = msgspec.json.decode(message.value)
    except msgspec.DecodeError:
        return Said("番号", "a number") if _numbers(message.value) else None
    named = _FIELDS.intersection(document) if isinstance(document, dict) else ()
    return Said(f"項目 {min(named)}", f"the field {min(named)}") if named else None


def _numbers(text: bytes) -> bool:
    """Whether it has a number of a person; the digits of a UUID are none."""
    return _NUMBER.search(_UUID.sub(b"", text)) is not None


@asynccontextmanager
async def log_in(folder: Path) -> AsyncIterator[EventBus]:
    bus = await open_bus(f"embedded:{folder}")
    try:
        yield bus
    finally:
        await bus.close()


async def latest(bus: EventBus, topic: Topic) -> Sequence[Message]:
    try:
        ends = await bus.end_offsets([topic.name])
    except UnknownTopic:
        return ()
    start = {TopicPartition(*place): max(0, end - SAMPLED) for place, end in ends.items()}
    return await bus.read(topic.name, start, SAMPLED * topic.partitions)
