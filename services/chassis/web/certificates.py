"""Client certificates in ASGI: the certificate of a connection is in the scope of each of its requests.

The extension is `tls` of the ASGI specification: `client_cert_chain`, PEM, and `client_cert_name`, the certificate's
common name (CN). Uvicorn does not set it (`BoundedHttp` of `connections` does); `certified` sets it for a connection
within one process.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

PURPOSES: Final = "2.25.164983497328805704533934540073829602951"
"""Arc of the purposes (extended key usages) of our own authority's certificates, besides TLS's server and client."""
SERVER_PURPOSE: Final = f"{PURPOSES}.1"
PEER_PURPOSE: Final = f"{PURPOSES}.2"
TERMINAL_PURPOSE: Final = f"{PURPOSES}.3"


def with_certificate(shown: bytes | None, name: str = "") -> dict[str, Any]:
    """The ASGI extensions of a connection whose client has shown this certificate (DER) of this name, or none."""
    chain = [] if shown is None else [ssl.DER_cert_to_PEM_cert(shown)]
    return {"tls": {"client_cert_chain": chain, "client_cert_name": name}}


def common_name(certificate: Any) -> str:
    """The common name in what `getpeercert` returns; empty without one."""
    subject: Iterable[tuple[tuple[str, str], ...]] = (certificate or {}).get("subject", ())
    return next((value for part in subject for key, value in part if key == "commonName"), "")


def certified(app: Any, shown: bytes | None) -> Any:
    """The ASGI application, called as by a client with this certificate (DER)."""

    async def with_extension(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "extensions": with_certificate(shown)}, receive, send)

    return with_extension


def client_certificate_pem(scope: MutableMapping[str, Any]) -> str:
    """The client's certificate, PEM; empty without one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return chain[0] if chain else ""


def client_certificate(scope: MutableMapping[str, Any]) -> str:
    """SHA-256 of the client's certificate, 64 hex digits; empty without one."""
    pem = client_certificate_pem(scope)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() if pem else ""


def client_name(scope: MutableMapping[str, Any]) -> str:
    """The common name of the client's certificate; empty without one."""
    return str(scope.get("extensions", {}).get("tls", {}).get("client_cert_name", ""))
