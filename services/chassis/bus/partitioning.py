"""The partition of a key: the same in every process and for the life of a topic."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from services.chassis.bus.port import Record


def partition_of(key: str, partitions: int) -> int:
    """CRC-32 of the key, modulo the number of partitions."""
    return crc32(key.encode()) % partitions


def by_partition(records: Iterable[Record], partitions: int) -> dict[int, list[Record]]:
    """Split the records of one topic by the partition of their keys, keeping their order."""
    split: dict[int, list[Record]] = {}
    for record in records:
        partition = partition_of(record.key, partitions)
        if partition in split:
            split[partition].append(record)
        else:
            split[partition] = [record]
    return split
