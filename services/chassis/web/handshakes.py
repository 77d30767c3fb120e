"""TLS before HTTP: a connection has its place among the listener's from the first byte of the handshake on."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable

from contracts.vocabulary import Refusal
from services.chassis.web.connections import BoundedHttp
from services.chassis.web.tls import why_refused

RECORD_BYTES = 16 * 1024
"""The most that a TLS record holds. asyncio sets 256 KB aside for each connection: a thousand that only wait would take
a container's memory."""
Refused = Callable[[str, str], None]
"""Called with (address, why) if a client's certificate is refused in the handshake."""


class BoundedTls(SSLProtocol):
    """TLS before HTTP: a connection has its place, and its time, from the first byte of the handshake on."""

    max_size = RECORD_BYTES

    def __init__(self, http: BoundedHttp, context: ssl.SSLContext, refused: Refused) -> None:
        super().__init__(
            asyncio.get_running_loop(),
            http,
            context,
            None,  # type: ignore[arg-type]  # as in asyncio itself: nobody waits
            server_side=True,
            ssl_handshake_timeout=http.bounds.terms.handshake_seconds,  # type: ignore[arg-type]  # any number,
            ssl_shutdown_timeout=http.bounds.terms.linger_seconds,
        )
        self._bounds, http.handshake, self._refused = http.bounds, self, refused

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
        if self._bounds.enter(self):
            super().connection_made(transport)
        else:
            transport.abort()

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        if why := why_refused(handshake_exc):
            self._refused(str((self._socket.get_extra_info("peername") or ("",))[0]), why)
        super()._on_handshake_complete(handshake_exc)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._bounds.leave(self)
        super().connection_lost(exc)

    def is_overdue(self, _now: float) -> bool:
        return False  # asyncio ends the handshake

    def is_stalled(self, _now: float) -> bool:
        return False

    def give_up(self, _why: Refusal) -> None:
        self._socket.abort()
