"""Serves ASGI applications: plain HTTP, or TLS that admits only clients with a certificate.

A client without a certificate of the given authority fails in the handshake. Which certificate it has shown is in the
scope of each request (`certificates`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.chassis.web.certificates import with_certificate

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open. It must outlast the client's own limit (httpx: 5 s): if both are equal, a
request now and then meets the close, and the client cannot know whether it was received."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the authority of the clients' certificates, this side's certificate and its key."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Listener:
    """An ASGI application and the address that it is served on; plain HTTP without `tls`."""

    app: Any
    host: str
    port: int
    tls: Tls | None = None

    def config(self) -> uvicorn.Config:
        """For the server. Raises `OSError` or `ssl.SSLError` for files that cannot be used."""
        common: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "timeout_graceful_shutdown": 10,
            "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        }
        if self.tls is None:
            return uvicorn.Config(self.app, http="httptools", **common)
        return uvicorn.Config(
            self.app,
            http=CertifiedHttp,
            ssl_ca_certs=str(self.tls.ca_file),
            ssl_certfile=str(self.tls.certificate_file),
            ssl_keyfile=str(self.tls.key_file),
            ssl_cert_reqs=ssl.CERT_REQUIRED,
            **common,
        )

    async def serve(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping`; requests in flight are answered first."""
        server = _Server(self.config())
        serving = asyncio.create_task(server.serve())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, stop), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stop.cancel()
        await serving


class CertifiedHttp(HttpToolsProtocol):
    """Uvicorn's HTTP, with the ASGI extension `tls` in every request's scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        connection = self.transport.get_extra_info("ssl_object")
        shown = connection.getpeercert(binary_form=True) if connection is not None else None
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = with_certificate(shown)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
