"""One topic of the embedded log: a file, with a row for what one `produce` appends to a partition."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import msgspec

from contracts.cloudevents import Headers
from services.chassis.bus.port import DamagedLog, Message, Record, TopicSpec
from services.chassis.bus.sqlite_file import REMEDY, Layout, connect, lay_out, reporting, transaction
from services.chassis.database.journal import Journal

LAYOUT = Layout(
    application_id=0x53414E54,  # SANT
    version=1,
    tables=(
        "CREATE TABLE topic (partitions INTEGER NOT NULL, retention_seconds REAL NOT NULL)",
        # Apart from the batches, so that offsets continue after retention has removed every batch.
        "CREATE TABLE ends (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL)",
        """
        CREATE TABLE batches (
            partition INTEGER NOT NULL, last_offset INTEGER NOT NULL, appended_at REAL NOT NULL,
            payload BLOB NOT NULL, PRIMARY KEY (partition, last_offset)
        ) WITHOUT ROWID
        """,
    ),
)

_RECORDS_PER_ROW = 500
"""A row is decoded as a whole. This bounds what a reader of few messages decodes for nothing."""
_SWEEP_SECONDS = 60.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, bytes, Headers]]).decode


def create(path: Path, spec: TopicSpec) -> None:
    """Create the topic's file unless it exists. One process at a time may do so."""

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO topic VALUES (?, ?)", (spec.partitions, spec.retention_seconds))
        connection.executemany("INSERT INTO ends VALUES (?, 0)", [(p,) for p in range(spec.partitions)])

    lay_out(path, LAYOUT, fill)


class TopicFile:
    """An open topic."""

    def __init__(
        self,
        path: Path,
        spec: TopicSpec,
        connection: sqlite3.Connection,
        real_now: Callable[[], float],
    ) -> None:
        self.spec = spec
        self._path, self._connection, self._real_now = path, connection, real_now
        self._journal = Journal(path)
        self._next_sweep = 0.0

    @classmethod
    def open(cls, path: Path, name: str, synchronous: str, real_now: Callable[[], float]) -> TopicFile | None:
        """None if the topic does not exist."""
        connection = connect(path, LAYOUT, synchronous)
        if connection is None:
            return None
        with reporting(path):
            row = connection.execute("SELECT partitions, retention_seconds FROM topic").fetchone()
        return cls(path, TopicSpec(name, *row), connection, real_now)

    def append(self, records: Mapping[int, Sequence[Record]]) -> None:
        """Append records by partition, all or none."""
        now, connection = self._real_now(), self._connection
        with transaction(connection, self._path):
            ends = _ends(connection)
            connection.executemany(
                "INSERT INTO batches VALUES (?, ?, ?, ?)",
                chain.from_iterable(_rows(p, ends[p], now, its_records) for p, its_records in records.items()),
            )
            connection.executemany(
                "UPDATE ends SET next_offset = next_offset + ? WHERE partition = ?",
                [(len(its_records), p) for p, its_records in records.items()],
            )
            if now >= self._next_sweep:
                self._sweep(now - self.spec.retention_seconds)
        if now >= self._next_sweep:
            self._next_sweep = now + min(_SWEEP_SECONDS, self.spec.retention_seconds / 10)

    def flush(self) -> None:
        """Wait until everything that was appended is on the disk."""
        with reporting(self._path):
            self._journal.flush()

    def ends(self) -> list[int]:
        """Next offset by partition."""
        with reporting(self._path):
            return _ends(self._connection)

    def read(self, partition: int, start: int, limit: int) -> list[Message]:
        """Messages from `start` or the oldest in the log: `limit`, and those in the same row as the last."""
        messages: list[Message] = []
        with reporting(self._path):
            rows = self._connection.execute(
                "SELECT last_offset, payload FROM batches WHERE partition = ? AND last_offset >= ?"
                " ORDER BY last_offset",
                (partition, start),
            )
            for last_offset, payload in rows:
                messages += self._messages(partition, last_offset, payload)
                if len(messages) >= limit + max(0, start - messages[0].offset):
                    break
            rows.close()
        skipped = max(0, start - messages[0].offset) if messages else 0
        return messages[skipped:] if skipped else messages

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within it, reads see one state."""
        with reporting(self._path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.rollback()

    def close(self) -> None:
        with reporting(self._path):
            self._connection.close()

    def _messages(self, partition: int, last_offset: int, payload: bytes) -> list[Message]:
        try:
            stored = _decode(payload)
        except msgspec.MsgspecError as wrong:
            raise DamagedLog(
                f"{self._path}: partition {partition} is corrupt at offset {last_offset} ({wrong}): {REMEDY}"
            ) from wrong
        topic, first = self.spec.name, last_offset + 1 - len(stored)
        return [
            Message(topic, partition, offset, key, value, headers)
            for offset, (key, value, headers) in enumerate(stored, first)
        ]

    def _sweep(self, instant: float) -> None:
        """Delete records appended before `instant` from the front of each partition."""
        for partition in range(self.spec.partitions):
            self._connection.execute(
                "DELETE FROM batches WHERE partition = :partition AND last_offset < coalesce("
                " (SELECT last_offset FROM batches WHERE partition = :partition AND appended_at >= :instant"
                "  ORDER BY last_offset LIMIT 1),"
                " (SELECT next_offset FROM ends WHERE partition = :partition))",
                {"partition": partition, "instant": instant},
            )


def _ends(connection: sqlite3.Connection) -> list[int]:
    return [end for (end,) in connection.execute("SELECT next_offset FROM ends ORDER BY partition")]


def _rows(partition: int, end: int, now: float, records: Sequence[Record]) -> Iterator[tuple[int, int, float, bytes]]:
    for first in range(0, len(records), _RECORDS_PER_ROW):
        chunk = records[first : first + _RECORDS_PER_ROW]
        payload = _encode([(record.key, record.value, record.headers) for record in chunk])
        yield partition, end + first + len(chunk) - 1, now, payload
