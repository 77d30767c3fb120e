"""Signals across processes, as datagrams on the loopback interface.

A listener holds a presence named after its UDP port, whose text lists the signals that it waits for. A sender sends the
names of its signals to each port that waits for one of them. If a datagram is lost, the listener learns of the change
when it next polls.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from services.chassis.bus.presence import Presence, about, names
from services.chassis.clock import real_time

_LOOPBACK = "127.0.0.1"
_LARGEST = 65_507


_SETTLED_SECONDS = 0.1
"""A change older than this shows in the folder's modification time, however coarse the file system's clock is."""


class _Listener(NamedTuple):
    """A process that waits: its port and its signals; an empty set stands for all."""

    port: int
    signals: frozenset[str]


class Wakeup:
    """Receives and sends one connection's signals."""

    def __init__(self, folder: Path, hear: Callable[[str], None]) -> None:
        self._folder, self._hear = folder, hear
        self._sender = _udp_socket()
        self._receiver: socket.socket | None = None
        self._presence: Presence | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted: frozenset[str] = frozenset()
        self._others: Sequence[_Listener] = ()
        self._others_as_of: int | None = None

    def listen(self, signals: Collection[str]) -> bool:
        """Receive these signals, too, from now on; returns whether that is new. Call it within the event loop."""
        if self._wanted.issuperset(signals):
            return False
        self._wanted = self._wanted.union(signals)
        if self._receiver is None:
            self._receiver = _udp_socket()
            self._receiver.bind((_LOOPBACK, 0))
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._receiver, self._read, self._receiver)
        port, before = self._receiver.getsockname()[1], self._presence
        name = f"{port}-{os.getpid()}-{len(self._wanted)}"
        self._presence = Presence(self._folder, name, "\n".join(sorted(self._wanted)))
        if before is not None:
            before.release()
        return True

    def announce(self, signals: Collection[str]) -> None:
        """Give the signals in this process and to every other that listens for one of them."""
        if not signals:
            return
        for signal in signals:
            self._hear(signal)
        datagram = "\n".join(signals).encode()
        for port, wanted in self._listeners():
            if not wanted or not wanted.isdisjoint(signals):
                with suppress(OSError):  # the listener finds it at its next poll
                    self._sender.sendto(datagram, (_LOOPBACK, port))

    def _listeners(self) -> Sequence[_Listener]:
        """The other listeners. The folder is read again if it has changed, or changed too recently to be sure."""
        changed_at = os.stat(self._folder).st_mtime_ns
        if changed_at != self._others_as_of:
            mine = self._presence and self._presence.name
            self._others = [self._listener(name) for name in names(self._folder) if name != mine]
            has_settled = abs(real_time() - changed_at / 1e9) > _SETTLED_SECONDS
            self._others_as_of = changed_at if has_settled else None
        return self._others

    def _listener(self, name: str) -> _Listener:
        return _Listener(int(name.partition("-")[0]), frozenset(about(self._folder, name).splitlines()))

    def close(self) -> None:
        if self._presence is not None:
            self._presence.release()
        if self._receiver is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._receiver)
            self._receiver.close()
        self._sender.close()

    def _read(self, receiver: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                for signal in receiver.recv(_LARGEST).decode(errors="replace").split("\n"):
                    self._hear(signal)


def _udp_socket() -> socket.socket:
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setblocking(False)
    return endpoint
