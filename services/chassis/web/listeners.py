"""Serves ASGI applications: plain HTTP, or TLS that admits only clients with a certificate.

A client without a certificate of the given authority fails in the handshake. Which certificate it has shown is in the
scope of each request (`certificates`).
"""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import uvicorn

from services.chassis.web.connections import (
    USUAL_TERMS,
    BoundedHttp,
    Connections,
    ConnectionTerms,
)
from services.chassis.web.handshakes import BoundedTls, Refused
from services.chassis.web.tls import Followed, Tls

OTHER_FILES = 200
"""Open files besides a listener's connections: databases, logs, the bus, connections of a second listener."""
TICKS_BETWEEN_LOOKS = 5
"""Uvicorn ticks ten times a second."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An ASGI application and the address that it is served on; plain HTTP without `tls`."""

    app: Any
    host: str
    port: int
    tls: Tls | None = None
    terms: ConnectionTerms = USUAL_TERMS
    refused: Refused = lambda _address, _why: None
    """Called with (address, why) if a client's certificate is refused in the handshake."""

    def config(self) -> uvicorn.Config:
        """For the server. Raises `UnusableTls` for files that cannot be used."""
        return self._config(Connections(self.terms), self._followed())

    def _followed(self) -> Followed | None:
        return None if self.tls is None else Followed(self.tls, Tls.context)

    def _config(self, connections: Connections, followed: Followed | None) -> uvicorn.Config:
        made: Any = partial(BoundedHttp, connections)
        if followed is not None:
            made = partial(_secured, made, followed.context, self.refused)
        return uvicorn.Config(
            self.app,
            http=made,
            ws="none",
            host=self.host,
            port=self.port,
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=int(self.terms.keep_alive_seconds),
        )

    async def serve(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping`; requests in flight are answered first."""
        connections = Connections(replace(self.terms, at_once=room_for(self.terms.at_once)))
        followed = self._followed()
        server = _Server(self._config(connections, followed), connections, followed)
        serving = asyncio.create_task(server.serve())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, stop), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stop.cancel()
        await serving


def room_for(connections: int) -> int:
    """As many connections as the process may have open files for; its limit is raised as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    wanted = connections + OTHER_FILES
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(connections, soft - OTHER_FILES))


def _secured(
    http: Callable[..., BoundedHttp], context: ssl.SSLContext, refused: Refused, **uvicorns: Any
) -> BoundedTls:
    return BoundedTls(http(**uvicorns), context, refused)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, for the process has its own; it looks after its connections."""

    def __init__(self, config: uvicorn.Config, connections: Connections, followed: Followed | None) -> None:
        super().__init__(config)
        self._connections, self._followed = connections, followed

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_BETWEEN_LOOKS == 0:
            self._connections.look()
            if self._followed is not None:
                self._followed.look()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
