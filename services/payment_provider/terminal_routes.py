"""HTTP towards the ward's terminal: login, the list of receipt files, a file or the rest of one. No logic.

Certificate, user ID and password are checked at login and again with every request after it. Each request is recorded
with its outcome.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBasic
from starlette.datastructures import Headers

from contracts.formats.card_number import has_card_number
from contracts.http.bodies import GivenDay
from contracts.http.payment_provider.receipt_files import ReceiptFileView, TerminalAccess, TerminalSession
from contracts.vocabulary import Refusal
from services.chassis.web.application import create_api
from services.chassis.web.certificates import client_certificate, client_certificate_pem
from services.chassis.web.connections import ConnectionTerms
from services.chassis.web.entrance import Entrance
from services.chassis.web.heads import CARD_OUT_OF_PLACE
from services.chassis.web.listeners import Listener
from services.chassis.web.problems import accepted
from services.chassis.web.tls import Tls
from services.payment_provider.app import PaymentProvider
from services.payment_provider.collection_centre import CollectionCentre
from services.payment_provider.domain.terminal_access import Admission, TerminalCredentials

log = structlog.get_logger(__name__)

NOT_ADMITTED = Refusal(
    "terminal_not_admitted",
    "certificate, user ID and password do not admit this terminal, or its login has ended",
    "log in: POST /login with the terminal's certificate, user ID and password",
)
LONGEST_CREDENTIALS = 1_000
MOST_REFUSALS_AT_ONCE = 20
MALFORMED = "-"
"""Recorded as the user of credentials that cannot be read."""
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
Session = Annotated[str, Header(alias="Terminal-Session", max_length=200)]


class _Documented(HTTPBasic):
    """Says in the document what a terminal sends; the door reads it."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        return None


class _Door:
    """Admits terminals or refuses them, and records both."""

    def __init__(self, centre: CollectionCentre) -> None:
        self._centre = centre

    async def login(self, request: Request) -> TerminalSession:
        """Raises a problem if the terminal is not admitted."""
        terms, shown = self._centre.terms, _presented(request, "")
        await self._decide(shown, "login", await asyncio.to_thread(terms.admit, shown))
        session, until = terms.open_session(shown, self._centre.clock.now())
        return TerminalSession(session=session, valid_until=until)

    async def enter(self, request: Request, session: str, what: str) -> TerminalCredentials:
        """Check a request after the login. Raises a problem if the terminal is not admitted."""
        shown = _presented(request, session)
        admission = await asyncio.to_thread(self._centre.terms.admit_again, shown, self._centre.clock.now())
        await self._decide(shown, what, admission)
        return shown

    async def record(self, shown: TerminalCredentials, what: str, outcome: str) -> str:
        """Record the outcome of a request; returns it, or that the user is locked out."""
        access = TerminalAccess(
            terminal_user=shown.user[:64], certificate=shown.certificate, what=what[:200], outcome=outcome
        )
        return (await self._centre.record(access)).outcome

    async def _decide(self, shown: TerminalCredentials, what: str, admission: Admission) -> None:
        if await self.record(shown, what, admission.value) != Admission.ADMITTED:
            accepted(NOT_ADMITTED)


class _Refusals:
    """Records certificates that were refused in the handshake, before there was a request."""

    def __init__(self, centre: CollectionCentre) -> None:
        self._centre = centre
        self._under_way: set[asyncio.Task[None]] = set()

    def note(self, address: str, why: str) -> None:
        """During a flood, or an outage of the database, what cannot be recorded is logged."""
        if len(self._under_way) >= MOST_REFUSALS_AT_ONCE:
            log.warning("a terminal's certificate was refused and is not recorded", address=address, why=why)
            return
        task = asyncio.get_running_loop().create_task(self._record(address, why))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _record(self, address: str, why: str) -> None:
        refused = TerminalAccess(
            terminal_user=MALFORMED, certificate="", what=f"connection from {address}", outcome=why
        )
        try:
            await self._centre.record(refused)
        except Exception as failure:
            log.warning("a refused certificate is not recorded", address=address, why=why, error=repr(failure))


def terminal_app(provider: PaymentProvider) -> FastAPI:
    centre = provider.centre
    app = create_api("sansha receipt files (乙 収納センター)", Entrance.of(provider.settings, provider.principal))
    app.router.dependencies.append(Depends(_Documented()))
    door = _Door(centre)

    @app.post("/login", status_code=201, summary="ログイン log in with certificate, user ID and password")
    async def login(request: Request) -> TerminalSession:
        return await door.login(request)

    @app.get("/receipt-files", summary="収納データファイル一覧 the files that can be fetched")
    async def receipt_files(
        request: Request,
        session: Session = "",
        first: Annotated[GivenDay | None, Query(alias="from")] = None,
        last: Annotated[GivenDay | None, Query(alias="to")] = None,
    ) -> Sequence[ReceiptFileView]:
        await door.enter(request, session, "list")
        return await centre.files(first, last)

    @app.get("/receipt-files/{name}", summary="収納データファイル one file, or with Range and If-Range the rest of it")
    async def receipt_file(request: Request, name: str, session: Session = "") -> Response:
        shown = await door.enter(request, session, f"file {name}")
        found = await centre.file(name)
        if isinstance(found, Refusal):
            await door.record(shown, f"file {name}", found.code)
        return _content(centre, accepted(found), request.headers)

    return app


def terminal_listeners(provider: PaymentProvider) -> Sequence[Listener]:
    """The listener for terminals, if the settings name a port for it."""
    s = provider.settings
    if s.terminal_port is None:
        return ()
    assert s.terminal_ca_file and s.terminal_certificate_file and s.terminal_key_file, "the settings say so"
    tls = Tls(s.terminal_ca_file, s.terminal_certificate_file, s.terminal_key_file)
    terms, refusals = ConnectionTerms.of(s), _Refusals(provider.centre)
    return (Listener(terminal_app(provider), s.host, s.terminal_port, tls, terms, refusals.note),)


def _presented(request: Request, session: str) -> TerminalCredentials:
    """What the request shows. Credentials that cannot be read are recorded like others."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    user = password = ""
    if scheme.lower() == "basic" and len(encoded) <= LONGEST_CREDENTIALS:
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            user = MALFORMED
    if has_card_number(user):
        accepted(CARD_OUT_OF_PLACE)
    user = user if user.isprintable() else MALFORMED
    pem = client_certificate_pem(request.scope)
    return TerminalCredentials(client_certificate(request.scope), user, password, session, pem)


def _content(centre: CollectionCentre, file: ReceiptFileView, asked: Headers) -> Response:
    tag = f'"{file.sha256}"'
    if tag in asked.get("If-None-Match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    wanted = asked.get("Range", "") if asked.get("If-Range", tag) == tag else ""
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
    start, end, status = 0, file.size, 200
    if found := _RANGE.fullmatch(wanted):
        first, last = int(found[1]), int(found[2] or file.size - 1)
        if first >= file.size or last < first:
            over = f"{file.name} has {file.size} bytes; there is nothing at {wanted}"
            accepted(Refusal("receipt_file_range", over, f"ask for bytes from 0 to {file.size - 1}"))
        start, end, status = first, min(last + 1, file.size), 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(centre.content(file.name, start, end), status, headers)
