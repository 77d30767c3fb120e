"""Further listeners of a service, beside its own HTTP: on a port of their own, with TLS and client certificates.

Who connects must show a certificate of the authority named, or the handshake fails. Which one it was is told to the
application as the ASGI extension `tls` (`client_cert_chain`, PEM), and `client_certificate` reads it from a request.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # loaded by whoever serves: a sandbox does without
    import uvicorn

KEEP_ALIVE_SECONDS = 75
"""How long a connection without a request stays open. Clients give theirs up long before (httpx: after 5 s): where both
wait equally long, a request meets the close now and then, and its sender cannot know whether it was heard."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: whose client certificates are admitted, and what this side shows."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Listener:
    """An ASGI application on an address of its own; None for `tls` is plain HTTP."""

    app: Any
    host: str
    port: int
    tls: Tls | None = None

    def config(self) -> uvicorn.Config:
        """For the server. Raises `OSError` or `ssl.SSLError` for files that cannot be used."""
        import uvicorn

        from services.chassis.web.certified_http import CertifiedHttp

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


def with_certificate(shown: bytes | None) -> dict[str, Any]:
    """The ASGI extension for a certificate (DER) that the other side has shown."""
    chain = [] if shown is None else [ssl.DER_cert_to_PEM_cert(shown)]
    return {"tls": {"client_cert_chain": chain}}


def certified(app: Any, shown: bytes | None) -> Any:
    """The application as one sees it who comes with a certificate (DER): for a line within one process."""

    async def with_extension(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "extensions": with_certificate(shown)}, receive, send)

    return with_extension


def client_certificate(scope: MutableMapping[str, Any]) -> str:
    """SHA-256 of the certificate that a request came with, 64 hex digits; empty where it came with none."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).hexdigest() if chain else ""
