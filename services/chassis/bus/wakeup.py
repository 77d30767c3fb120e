"""Signals across processes: a datagram on the loopback interface to everybody who waits.

Who waits keeps a presence named after its UDP port, which says for what it waits; who has news sends the names of its
signals to each port where one of them is waited for. A lost datagram, or one to somebody who has just died, costs
nothing but the wait for the next look.
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
"""A folder that changed longer ago than that shows it by its time of change, whatever the file system's grain."""


class _Listener(NamedTuple):
    """Somebody who waits: where, and for which signals; for none of them is for all."""

    port: int
    signals: frozenset[str]


class Wakeup:
    """One connection's ear and mouth."""

    def __init__(self, folder: Path, hear: Callable[[str], None]) -> None:
        self._folder, self._hear = folder, hear
        self._mouth = _udp_socket()
        self._ear: socket.socket | None = None
        self._presence: Presence | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted: frozenset[str] = frozenset()
        self._others: Sequence[_Listener] = ()
        self._others_as_of: int | None = None

    def listen(self, signals: Collection[str]) -> bool:
        """Be reachable from now on, for these signals too; True where that is new. Called within the event loop."""
        if self._wanted.issuperset(signals):
            return False
        self._wanted = self._wanted.union(signals)
        if self._ear is None:
            self._ear = _udp_socket()
            self._ear.bind((_LOOPBACK, 0))
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._ear, self._read, self._ear)
        port, before = self._ear.getsockname()[1], self._presence
        name = f"{port}-{os.getpid()}-{len(self._wanted)}"
        self._presence = Presence(self._folder, name, "\n".join(sorted(self._wanted)))
        if before is not None:
            before.release()
        return True

    def announce(self, signals: Collection[str]) -> None:
        """Give the signals here, and to everybody else who listens for one of them."""
        if not signals:
            return
        for signal in signals:
            self._hear(signal)
        datagram = "\n".join(signals).encode()
        for port, wanted in self._listeners():
            if not wanted or not wanted.isdisjoint(signals):
                with suppress(OSError):  # the wait for the next look replaces what cannot be sent
                    self._mouth.sendto(datagram, (_LOOPBACK, port))

    def _listeners(self) -> Sequence[_Listener]:
        """The others. Looked at anew where somebody has come or gone since, or may have just now."""
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
        if self._ear is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._ear)
            self._ear.close()
        self._mouth.close()

    def _read(self, ear: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                for signal in ear.recv(_LARGEST).decode(errors="replace").split("\n"):
                    self._hear(signal)


def _udp_socket() -> socket.socket:
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setblocking(False)
    return endpoint
