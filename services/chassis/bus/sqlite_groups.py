"""Consumer groups of the embedded log: one file with each group's state and committed offsets.

Commits do not wait for the disk (`synchronous=NORMAL`). They survive the death of any process; after a power loss
offsets may be older, and messages are delivered again, as at-least-once delivery allows. If a topic has lost more than
its groups (`keep_within`), what its senders append again is delivered to all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from services.chassis.bus.group import Group
from services.chassis.bus.port import BusError, Offsets, TopicPartition
from services.chassis.bus.sqlite_file import Layout, connect, lay_out, reporting, transaction

LAYOUT = Layout(
    application_id=0x53414E47,  # SANG
    version=1,
    tables=(
        """
        CREATE TABLE groups (
            name TEXT PRIMARY KEY, generation INTEGER NOT NULL, state BLOB NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE offsets (
            name TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            PRIMARY KEY (name, topic, partition)
        ) WITHOUT ROWID
        """,
    ),
)

log = structlog.get_logger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Group).decode


class GroupsFile:
    """The open file, created if it is missing. One process at a time may create it."""

    def __init__(self, path: Path) -> None:
        lay_out(path, LAYOUT)
        connection = connect(path, LAYOUT, "NORMAL")
        if connection is None:
            raise BusError(f"{path} vanished while it was created")
        self._path, self._connection = path, connection
        self._last_seen: dict[str, Group] = {}

    def generation(self, group: str) -> int:
        with reporting(self._path):
            row = self._connection.execute("SELECT generation FROM groups WHERE name = ?", (group,)).fetchone()
        return int(row[0]) if row else 0

    def group(self, group: str) -> Group:
        """The state, decoded again only if it has changed."""
        known = self._last_seen.get(group)
        if known is None or known.generation != self.generation(group):
            known = self._last_seen[group] = self._load(group)
        return known

    def change(self, group: str, alter: Callable[[Group], None]) -> tuple[Group, bool]:
        """Alter the state. Returns the new one and whether it differs."""
        with transaction(self._connection, self._path):
            state = self._load(group)
            before = state.generation
            alter(state)
            changed = state.generation != before
            if changed:
                self._connection.execute(
                    "INSERT OR REPLACE INTO groups VALUES (?, ?, ?)",
                    (group, state.generation, _encode(state)),
                )
        self._last_seen[group] = state
        return state, changed

    def offsets(self, group: str) -> dict[TopicPartition, int]:
        with reporting(self._path):
            rows = self._connection.execute(
                "SELECT topic, partition, next_offset FROM offsets WHERE name = ?", (group,)
            ).fetchall()
        return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}

    def commit(self, group: str, member: str, offsets: Offsets) -> None:
        """Advance offsets. Raises `Fenced` unless `member` owns all the partitions."""
        with transaction(self._connection, self._path):
            self.group(group).require(member, offsets)
            self._write(group, offsets, "max(next_offset, excluded.next_offset)")

    def set_offsets(self, group: str, offsets: Offsets) -> None:
        with transaction(self._connection, self._path):
            self._write(group, offsets, "excluded.next_offset")

    def keep_within(self, topic: str, ends: Callable[[], Sequence[int]]) -> None:
        """Set offsets back that are beyond the topic's ends, after a power loss has taken its last records.

        Call it before this process appends to the topic: records appended then get those offsets, and no member has
        seen them yet. Without a loss offsets are within the ends, and nothing changes.
        """
        with transaction(self._connection, self._path):  # nothing commits meanwhile; ends only grow
            set_back = self._connection.executemany(
                "UPDATE offsets SET next_offset = :end"
                " WHERE topic = :topic AND partition = :partition AND next_offset > :end",
                [{"topic": topic, "partition": partition, "end": end} for partition, end in enumerate(ends())],
            ).rowcount
        if set_back > 0:
            log.warning(
                "a topic has lost its last records, as after a power loss: groups go back to its end; after any other "
                "loss restore the whole folder from one backup",
                topic=topic,
                offsets=set_back,
            )

    def close(self) -> None:
        with reporting(self._path):
            self._connection.close()

    def _load(self, group: str) -> Group:
        with reporting(self._path):
            row = self._connection.execute("SELECT state FROM groups WHERE name = ?", (group,)).fetchone()
        try:
            return _decode(row[0]) if row else Group()
        except msgspec.MsgspecError as wrong:
            raise BusError(f"{self._path}: the state of group {group} is corrupt: {wrong}") from wrong

    def _write(self, group: str, offsets: Offsets, on_conflict: str) -> None:
        self._connection.executemany(
            "INSERT INTO offsets VALUES (?, ?, ?, ?)"
            f" ON CONFLICT (name, topic, partition) DO UPDATE SET next_offset = {on_conflict}",
            [(group, tp.topic, tp.partition, offset) for tp, offset in offsets.items()],
        )


def readers_in(folder: Path) -> set[tuple[str, str]]:
    """(group, topic) of every group that has read from the log in a folder; none if there is no log."""
    path = folder / "groups.sqlite"
    connection = connect(path, LAYOUT, "NORMAL")
    if connection is None:
        return set()
    try:
        with reporting(path):
            rows = connection.execute("SELECT DISTINCT name, topic FROM offsets").fetchall()
    finally:
        connection.close()
    return {(name, topic) for name, topic in rows}
