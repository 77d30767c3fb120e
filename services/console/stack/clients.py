"""The console's side of HTTP: asks the parties of a running stack, and turns their problems into plain errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import BaseModel, ValidationError

from contracts import topics
from contracts.books import BookLines, Books, BooksReader
from contracts.http.problems import Problem
from contracts.http.service import Explanation, ServiceStatus
from contracts.vocabulary import Agent
from services.console.stack.addresses import PROCESSES, Addresses
from services.console.stack.calling import ask_replica, client_of
from services.console.stack.credentials import Credentials

STATUS_SECONDS = 3.0
"""A replica that has not sent its status by then counts as not answering; it is polled again."""
BOOKS_SECONDS = 120.0
"""Timeout for books: a party takes a while to read large ones."""


KEY_REMEDY = "set SANSHA_KEY to the key of a user; sansha up writes one into its data folder, access/operator.key"


class Refused(Exception):
    """A party said no, and why."""

    def __init__(self, problem: Problem) -> None:
        remedy = KEY_REMEDY if problem.code == "not_admitted" else problem.remedy
        super().__init__(f"{problem.code}: {problem.detail}; {remedy}")
        self.problem = problem


class Unreachable(Exception):
    """No party answers at its address."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a party, and its status; None if it does not answer, or has the `problem` named."""

    principal: str
    address: str
    status: ServiceStatus | None
    problem: str = ""


class StackClient:
    """Talks to the parties of a stack."""

    def __init__(self, where: Addresses | int) -> None:
        """`where`: their addresses, or the port base of a stack on this machine."""
        self.addresses = Addresses(where) if isinstance(where, int) else where
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self.credentials = Credentials(self.addresses.port_base)
        self._http = client_of(self.addresses, timeout=30.0, limits=limits, auth=self.credentials)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def url(self, principal: str) -> str:
        """Where a party, or the console itself, is."""
        return self.addresses.url(principal)

    async def ask(self, method: str, principal: str, path: str, **options: Any) -> Any:
        """The JSON answer. Raises `Refused` with the party's problem, `Unreachable` if it does not answer."""
        return (await self._answer(method, principal, path, **options)).json()

    async def download(self, principal: str, path: str, **parameters: Any) -> bytes:
        """The bytes of a document. Raises as `ask` does."""
        return (await self._answer("GET", principal, path, params=parameters)).content

    async def _answer(self, method: str, principal: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, self.url(principal) + path, **options)
        except httpx.TransportError as broken:
            raise self._unreachable(principal, broken) from None
        if answer.is_error:
            raise Refused(_problem(answer))
        return answer

    async def probe(self, method: str, principal: str, path: str, key: str = "") -> int:
        """The HTTP status that a caller with this key, or without one, is answered. Raises `Unreachable`."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            return (
                await self._http.request(method, self.url(principal) + path, headers=headers, auth=None)
            ).status_code
        except httpx.TransportError as broken:
            raise self._unreachable(principal, broken) from None

    async def get(self, principal: str, path: str, **parameters: Any) -> Any:
        """The JSON answer to a GET. Raises as `ask` does."""
        return await self.ask("GET", principal, path, params=parameters)

    async def post(self, principal: str, path: str, body: Any, key: str | None = None, **options: Any) -> Any:
        """The JSON answer to a POST; `key` makes a retry safe. Raises as `ask` does."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        return await self.ask("POST", principal, path, json=content, headers=headers, **options)

    async def replicas(self, principals: Collection[str] | None = None) -> Sequence[Replica]:
        """Every replica of these parties (default: of all), each asked for its status."""
        names = [p.principal for p in PROCESSES] if principals is None else list(principals)
        found = await asyncio.gather(*map(self.addresses.each, names))
        addresses = [(name, address) for name, each in zip(names, found, strict=True) for address in each]
        return await asyncio.gather(*(self._replica(*address) for address in addresses))

    async def _replica(self, principal: str, address: str) -> Replica:
        try:
            answer = await ask_replica(self._http, self.addresses, principal, f"{address}/ops/status", STATUS_SECONDS)
            if answer.is_success:
                return Replica(principal, address, ServiceStatus.model_validate_json(answer.content))
        except (httpx.TransportError, ValidationError):
            return Replica(principal, address, None)
        return Replica(principal, address, None, f"waits: {_problem(answer).detail}")

    async def books(self, principal: str) -> Books:
        """A party's books, read as they arrive. Raises `Refused`; `Unreachable` also if they end early."""
        reader = BooksReader()
        try:
            async for line in self._book_lines(principal):
                reader.take(line)
            return reader.books()
        except ValueError as cut_short:
            raise Unreachable(f"{cut_short}; ask {principal} again") from None

    async def book_rows(self, principal: str) -> AsyncIterator[tuple[str, Any]]:
        """(kind, row) of a party's books, as they arrive, for books too large to keep. Raises as `books` does."""
        lines = BookLines()
        try:
            async for line in self._book_lines(principal):
                if (found := lines.row(line)) is not None:
                    yield found
            lines.require_end()
        except ValueError as cut_short:
            raise Unreachable(f"{cut_short}; ask {principal} again") from None

    async def _book_lines(self, principal: str) -> AsyncIterator[str]:
        try:
            async with self._http.stream("GET", self.url(principal) + "/ops/books", timeout=BOOKS_SECONDS) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise Refused(_problem(answer))
                async for line in answer.aiter_lines():
                    yield line
        except httpx.TransportError as broken:
            raise self._unreachable(principal, broken) from None

    def _unreachable(self, principal: str, broken: Exception) -> Unreachable:
        return Unreachable(
            f"{principal} does not answer at {self.url(principal)} ({type(broken).__name__}); start it with: sansha up"
        )

    async def explanations(self, payment_id: str, on: date | None = None) -> list[Explanation]:
        """What each party knows of a payment, or knew at the end of a day; one that was left out of the stack says
        nothing.

        Raises `Refused` if none knows it, or knew it on that day, or the day is in the future; `Unreachable` if none
        answers.
        """
        parts: list[Explanation] = []
        refusals: list[Refused] = []
        silences: list[Unreachable] = []
        day = {} if on is None else {"on": on.isoformat()}
        for party in (topics.PAYMENT_PROVIDER, *(topics.card_agent(a) for a in Agent), topics.WARD):
            try:
                found = await self.get(party, f"/payments/{payment_id}/explanation", **day)
                parts.append(Explanation.model_validate(found))
            except Refused as refused:
                refusals.append(refused)
            except Unreachable as silent:
                silences.append(silent)
        if not parts:
            telling = [
                r for r in refusals if r.problem.code != "payment_unknown"
            ]  # more than that one does not know it
            raise [*telling, *refusals, *silences][0]
        return parts


def _problem(answer: httpx.Response) -> Problem:
    try:
        return Problem.model_validate(answer.json())
    except ValueError:
        return Problem(
            type="about:blank",
            title="unexpected answer",
            status=answer.status_code,
            code="unexpected_answer",
            detail=f"HTTP {answer.status_code} without problem details",
            remedy="see the service's log",
        )
