"""Client certificates in ASGI: the certificate of a connection is in the scope of each of its requests.

The extension is `tls` of the ASGI specification: `client_cert_chain`, PEM. Uvicorn does not set it (`BoundedHttp` of
`connections` does); `certified` sets it for a connection within one process.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import MutableMapping
from typing import Any


def with_certificate(shown: bytes | None) -> dict[str, Any]:
    """The ASGI extensions of a connection whose client has shown this certificate (DER), or none."""
    chain = [] if shown is None else [ssl.DER_cert_to_PEM_cert(shown)]
    return {"tls": {"client_cert_chain": chain}}


def certified(app: Any, shown: bytes | None) -> Any:
    """The ASGI application, called as by a client with this certificate (DER)."""

    async def with_extension(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "extensions": with_certificate(shown)}, receive, send)

    return with_extension


def client_certificate(scope: MutableMapping[str, Any]) -> str:
    """SHA-256 of the client's certificate, 64 hex digits; empty without one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).hexdigest() if chain else ""
