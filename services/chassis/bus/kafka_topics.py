"""Finds and creates the topics of a Kafka cluster, and compares them with the contract's."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.chassis.bus.kafka_clients import patiently, reported
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import BusError, TopicSpec
from services.chassis.clock import pause

RETENTION = "retention.ms"
ALREADY_EXISTS = 36
NOT_ALLOWED = (29, 31)
"""Topic or cluster authorization failed."""


async def partition_counts(admin: Any, options: KafkaOptions) -> dict[str, int]:
    """Of every topic that this principal may see. A request for one by name could create it."""
    described = await patiently(options, "look for topics", admin.describe_topics)
    return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}


async def retentions(admin: Any, options: KafkaOptions, names: Iterable[str]) -> dict[str, float]:
    """In seconds, of those topics whose settings this principal may read."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, {RETENTION: ""}) for name in names]
    answers = await patiently(options, "read the settings of topics", lambda: admin.describe_configs(wanted))
    return {
        resource["resource_name"]: float(entry["config_value"]) / 1000
        for answer in answers
        for resource in answer.to_object()["resources"]
        for entry in resource["config_entries"]
        if not resource["error_code"] and entry["config_names"] == RETENTION
    }


async def make(admin: Any, options: KafkaOptions, specs: Sequence[TopicSpec]) -> None:
    """Create topics, unless another process is faster. Returns when they can be found."""
    new = [
        NewTopic(
            name=spec.name,
            num_partitions=spec.partitions,
            replication_factor=options.replication_factor,
            replica_assignments={} if options.replication_factor == -1 else None,
            topic_configs={RETENTION: str(round(spec.retention_seconds * 1000))},
        )
        for spec in specs
    ]
    answer = await patiently(options, "create topics", lambda: admin.create_topics(new))
    wrong: list[str] = []
    for name, code, message in answer.topic_errors:
        if code in NOT_ALLOWED:
            wrong.append(f"topic {name} is missing and this principal may not create it; run the provisioning")
        elif code not in (0, ALREADY_EXISTS):
            wrong.append(f"topic {name} cannot be created: {message}")
    if wrong:
        raise BusError("; ".join(wrong))
    await _until_found(admin, options, [spec.name for spec in specs])


async def _until_found(admin: Any, options: KafkaOptions, names: Collection[str]) -> None:
    async with reported(options, "find the topics just created"), asyncio.timeout(options.request_timeout):
        while not set(names) <= set(await partition_counts(admin, options)):
            await pause(0.02)


def differences(specs: Iterable[TopicSpec], partitions: Mapping[str, int], retention: Mapping[str, float]) -> list[str]:
    """For each topic that differs: its settings, and those wanted."""
    return [
        f"{spec.name}: is {found}, wanted {spec}"
        for spec in specs
        if spec
        != (found := TopicSpec(spec.name, partitions[spec.name], retention.get(spec.name, spec.retention_seconds)))
    ]
