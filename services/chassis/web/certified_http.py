"""HTTP whose requests say with which certificate they came: uvicorn leaves that out of the scope."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.chassis.web.listeners import with_certificate


class CertifiedHttp(HttpToolsProtocol):
    """Adds the ASGI extension `tls` to every request's scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        connection = self.transport.get_extra_info("ssl_object")
        shown = connection.getpeercert(binary_form=True) if connection is not None else None
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = with_certificate(shown)
