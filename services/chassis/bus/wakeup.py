"""Signals across processes: a datagram on the loopback interface to everybody who waits.

Who waits keeps a presence named after its UDP port; who has news sends the names of its signals to each port.
A lost datagram, or one to somebody who has just died, costs nothing but the wait for the next look.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from services.chassis.bus.presence import Presence, names

_LOOPBACK = "127.0.0.1"
_LARGEST = 65_507


class Wakeup:
    """One connection's ear and mouth."""

    def __init__(self, folder: Path, hear: Callable[[str], None]) -> None:
        self._folder, self._hear = folder, hear
        self._mouth = _udp_socket()
        self._ear: socket.socket | None = None
        self._presence: Presence | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self) -> bool:
        """Be reachable from now on; True where that is new. Called within the event loop."""
        if self._ear is not None:
            return False
        self._ear = _udp_socket()
        self._ear.bind((_LOOPBACK, 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._ear, self._read, self._ear)
        port = self._ear.getsockname()[1]
        self._presence = Presence(self._folder, f"{port}-{os.getpid()}")
        return True

    def announce(self, signals: Collection[str]) -> None:
        """Give the signals here, and to everybody else who listens."""
        if not signals:
            return
        for signal in signals:
            self._hear(signal)
        datagram = "\n".join(signals).encode()
        for name in names(self._folder):
            if self._presence is None or name != self._presence.name:
                with suppress(OSError):  # the wait for the next look replaces what cannot be sent
                    self._mouth.sendto(datagram, (_LOOPBACK, int(name.partition("-")[0])))

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
