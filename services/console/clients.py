"""The console's side of HTTP: asks the parties of a running stack, and turns their problems into plain errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from contracts import topics
from contracts.http import (
    BankChoiceRequest,
    CardChoiceRequest,
    CardRoute,
    CardTokenAnswer,
    ConsentAnswer,
    ConsentRequest,
    Explanation,
    PaymentView,
    Problem,
    ScanRequest,
    ServiceStatus,
)
from contracts.vocabulary import Agent
from services.console.payers import brand_of
from services.console.stack import DEFAULT_PORT_BASE, PLACES, place_of

Answer = TypeVar("Answer", bound=BaseModel)

STATUS_SECONDS = 3.0
"""Who has not told its status by then does not answer; it is asked again."""


class Refused(Exception):
    """A party said no, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}; {problem.remedy}")
        self.problem = problem


class Unreachable(Exception):
    """Nobody answers where a party should be."""


class StackClient:
    """Talks to the parties of a stack on this machine."""

    def __init__(self, port_base: int = DEFAULT_PORT_BASE, host: str = "127.0.0.1") -> None:
        self._host, self._port_base = host, port_base
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(timeout=30.0, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def url(self, principal: str) -> str:
        """Where a party, or the console itself, is."""
        offset = 0 if principal == topics.CONSOLE else place_of(principal).offset
        return f"http://{self._host}:{self._port_base + offset}"

    async def ask(self, method: str, principal: str, path: str, **options: Any) -> Any:
        """The JSON answer. Raises `Refused` with the party's problem, `Unreachable` where none answers."""
        try:
            answer = await self._http.request(method, self.url(principal) + path, **options)
        except httpx.TransportError as broken:
            raise Unreachable(
                f"{principal} does not answer at {self.url(principal)} ({type(broken).__name__}); "
                "start it with: sansha up"
            ) from None
        if answer.is_error:
            raise Refused(_problem(answer))
        return answer.json()

    async def get(self, principal: str, path: str, **parameters: Any) -> Any:
        """Ask for something."""
        return await self.ask("GET", principal, path, params=parameters)

    async def post(self, principal: str, path: str, body: Any, key: str | None = None, **options: Any) -> Any:
        """Ask for a change; `key` makes a retry safe."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        return await self.ask("POST", principal, path, json=content, headers=headers, **options)

    async def statuses(self, principals: Sequence[str] | None = None) -> Mapping[str, ServiceStatus | None]:
        """Every party's status; None for one that does not answer."""
        names = [p.principal for p in PLACES] if principals is None else list(principals)
        found = await asyncio.gather(*(self._status(name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _status(self, principal: str) -> ServiceStatus | None:
        try:
            answer = await self.ask("GET", principal, "/ops/status", timeout=STATUS_SECONDS)
            return ServiceStatus.model_validate(answer)
        except (Unreachable, Refused):
            return None

    async def explanations(self, payment_id: str) -> list[Explanation]:
        """What each party knows of a payment; one that was left out of the stack says nothing.

        Raises `Refused` where none knows it, `Unreachable` where none answers.
        """
        told: list[Explanation] = []
        refusal: Refused | Unreachable | None = None
        for place in (topics.PAYMENT_PROVIDER, *(topics.card_agent(a) for a in Agent), topics.WARD):
            try:
                told.append(Explanation.model_validate(await self.get(place, f"/payments/{payment_id}/explanation")))
            except Refused as unknown:
                refusal = refusal if isinstance(refusal, Refused) else unknown
            except Unreachable as silent:
                refusal = refusal or silent
        if not told and refusal is not None:
            raise refusal
        return told

    async def scan(self, app_user: str, barcode: str, key: str) -> PaymentView:
        """Consent and scan, as the app does."""
        terms = (await self.get(topics.PAYMENT_PROVIDER, "/terms-of-use"))["terms_version"]
        consent = ConsentAnswer.model_validate(
            await self.post(
                topics.PAYMENT_PROVIDER, "/consents", ConsentRequest(app_user=app_user, terms_version=terms)
            )
        )
        request = ScanRequest(barcode=barcode, consent_id=consent.consent_id)
        return PaymentView.model_validate(await self.post(topics.PAYMENT_PROVIDER, "/scans", request, key))

    async def pay_by_bank(self, payment_id: str, bank_code: str, key: str) -> PaymentView:
        """Choose internet banking."""
        path = f"/payments/{payment_id}/internet-banking"
        body = BankChoiceRequest(bank_code=bank_code)
        return PaymentView.model_validate(await self.post(topics.PAYMENT_PROVIDER, path, body, key))

    async def pay_by_card(self, payment_id: str, number: str, expiry: str, key: str) -> PaymentView:
        """Type the card to its agent, hand the token to the provider."""
        agent = await self._agent_for(number)
        token = CardTokenAnswer.model_validate(
            await self.post(topics.card_agent(agent), "/card-tokens", {"number": number, "expiry": expiry})
        )
        body = CardChoiceRequest(agent=agent, card_token=token.card_token, brand=token.brand, last4=token.last4)
        path = f"/payments/{payment_id}/card"
        return PaymentView.model_validate(await self.post(topics.PAYMENT_PROVIDER, path, body, key))

    async def _agent_for(self, number: str) -> Agent:
        routes = [CardRoute.model_validate(r) for r in await self.get(topics.PAYMENT_PROVIDER, "/card-agents")]
        brand = brand_of(number)
        return next((r.agent for r in routes if brand in r.brands), routes[0].agent)


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
            remedy="look at the service's log",
        )
