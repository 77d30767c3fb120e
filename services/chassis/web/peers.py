"""HTTP over TLS between named peers: which certificates' names a listener admits, besides its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.vocabulary import Refusal
from services.chassis.settings import ServiceSettings
from services.chassis.web.answers import problem_response
from services.chassis.web.certificates import client_name
from services.chassis.web.connections import ConnectionTerms
from services.chassis.web.listeners import Listener
from services.chassis.web.problems import problem
from services.chassis.web.tls import Tls

FORBIDDEN = 403
_NOT_ADMITTED = Refusal(
    "peer_not_admitted",
    "the name of the client's certificate is none of those that this listener admits",
    "call it through the gateway; SANSHA_HTTP_PEERS lists the names",
)


def own_listener(settings: ServiceSettings, principal: str, app: Any) -> Listener:
    """The listener of a service on the address of its settings: plain HTTP, or TLS between named peers."""
    s = settings
    tls = tls_of(s)
    if tls is not None and s.http_peers:
        app = _named(app, {principal, *filter(None, s.http_peers.replace(" ", "").split(","))})
    return Listener(app, s.host, s.port, tls, ConnectionTerms.of(s))


def tls_of(settings: ServiceSettings) -> Tls | None:
    """The certificates of a service's HTTP; None for plain HTTP."""
    ca, certificate = settings.http_ca_file, settings.http_certificate_file
    return None if ca is None or certificate is None else Tls(ca, certificate, settings.http_key_file)


def _named(app: ASGIApp, names: Collection[str]) -> ASGIApp:
    async def admitting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and client_name(scope) not in names:
            await problem_response(problem(_NOT_ADMITTED, FORBIDDEN))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return admitting
