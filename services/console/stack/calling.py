"""Calls to the parties of a stack: over TLS, with the caller's own certificate, where its addresses say so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from services.chassis.web.tls import Followed, Tls, UnusableTls
from services.console.stack.addresses import FILE_VARIABLES, Addresses


class UnusableCertificates(ValueError):
    """The caller's certificates cannot be used; the text says why."""


def followed(addresses: Addresses) -> Followed | None:
    """The caller's side of TLS, which takes renewed files on; None if the hosts answer in plain HTTP.

    Raises `UnusableCertificates` if the files cannot be used.
    """
    return _followed(addresses.files) if addresses.files else None


@lru_cache(maxsize=4)
def _followed(files: tuple[str, ...]) -> Followed:
    ca, certificate, key = files
    try:
        return Followed(Tls(Path(ca), Path(certificate), Path(key) if key else None), Tls.client_context)
    except UnusableTls as wrong:
        raise UnusableCertificates(
            f"{', '.join(FILE_VARIABLES[:2])}: the certificates cannot be used: {wrong}"
        ) from None


def client_of(addresses: Addresses, **options: Any) -> httpx.AsyncClient:
    """An HTTP client that shows the certificate of these addresses' caller, if they answer over TLS.

    Raises `ValueError` if its files cannot be used.
    """
    certificate = followed(addresses)
    if certificate is None:
        return httpx.AsyncClient(**options)

    async def look(_request: httpx.Request) -> None:
        certificate.look()

    return httpx.AsyncClient(verify=certificate.context, event_hooks={"request": [look]}, **options)


async def ask_replica(
    http: httpx.AsyncClient, addresses: Addresses, principal: str, place: str, timeout_seconds: float
) -> httpx.Response:
    """The answer of one replica at `place` (`address:port/path`). Its certificate is for the name of all replicas."""
    named = {"sni_hostname": addresses.hosts[principal]} if principal in addresses.hosts else {}
    url = f"{addresses.scheme(principal)}://{place}"
    return await http.get(url, timeout=timeout_seconds, extensions=named)
