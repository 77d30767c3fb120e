"""The payers' channels at a running stack, over HTTP: one payment a request, or many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest, CardTokensAnswer
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import (
    BankChoice,
    CardChoice,
    CardChoicesRequest,
    CardRoute,
    ConsentAnswer,
    ConsentRequest,
    PaymentsAnswer,
    PaymentView,
    ScanRequest,
    ScansRequest,
)
from contracts.topics import PAYMENT_PROVIDER, card_agent
from contracts.vocabulary import Agent
from services.console.payers.paying import Payers
from services.console.stack.clients import StackClient


@dataclass(frozen=True, slots=True)
class StackChannels:
    """The parties of a running stack. Every call raises `Refused` for a refusal, `Unreachable` without an answer."""

    client: StackClient

    async def terms_version(self) -> str:
        terms = await self.client.get(PAYMENT_PROVIDER, "/terms-of-use")
        return str(terms["terms_version"])

    async def card_routes(self) -> Sequence[CardRoute]:
        return [CardRoute.model_validate(route) for route in await self.client.get(PAYMENT_PROVIDER, "/card-agents")]

    async def consent(self, request: ConsentRequest) -> ConsentAnswer:
        return ConsentAnswer.model_validate(await self.client.post(PAYMENT_PROVIDER, "/consents", request))

    async def scan(self, request: ScanRequest, key: str) -> PaymentView:
        return await self._payment("/scans", request, key)

    async def scan_picture(self, picture: bytes, consent_id: str, key: str) -> PaymentView:
        """Scan a photo or a PDF of a slip, as the app's camera does."""
        answer = await self.client.ask(
            "POST",
            PAYMENT_PROVIDER,
            "/scans/image",
            params={"consent_id": consent_id},
            content=picture,
            headers={"Idempotency-Key": key, "content-type": "application/octet-stream"},
        )
        return PaymentView.model_validate(answer)

    async def tokenize(self, agent: Agent, request: CardTokenRequest) -> CardTokenAnswer:
        return CardTokenAnswer.model_validate(
            await self.client.post(card_agent(agent), "/card-tokens", _typed(request))
        )

    async def choose_card(self, choice: CardChoice, key: str) -> PaymentView:
        return await self._payment(f"/payments/{choice.payment_id}/card", _without_id(choice), key)

    async def choose_bank(self, choice: BankChoice, key: str) -> PaymentView:
        return await self._payment(f"/payments/{choice.payment_id}/internet-banking", _without_id(choice), key)

    async def collect(self, request: CollectionRequest, key: str) -> PaymentView:
        return await self._payment("/collections", request, key)

    async def scan_many(self, scans: Sequence[ScanRequest], key: str) -> PaymentsAnswer:
        return await self._payments("/scans/bulk", ScansRequest(scans=tuple(scans)), key)

    async def tokenize_many(self, agent: Agent, cards: Iterable[CardTokenRequest], key: str) -> CardTokensAnswer:
        body = {"cards": [*map(_typed, cards)]}
        return CardTokensAnswer.model_validate(
            await self.client.post(card_agent(agent), "/card-tokens/bulk", body, key)
        )

    async def choose_cards(self, choices: Sequence[CardChoice], key: str) -> PaymentsAnswer:
        return await self._payments("/payments/cards", CardChoicesRequest(choices=tuple(choices)), key)

    async def _payment(self, path: str, body: BaseModel | dict[str, str], key: str) -> PaymentView:
        return PaymentView.model_validate(await self.client.post(PAYMENT_PROVIDER, path, body, key))

    async def _payments(self, path: str, body: BaseModel, key: str) -> PaymentsAnswer:
        return PaymentsAnswer.model_validate(await self.client.post(PAYMENT_PROVIDER, path, body, key))


def payers_at(client: StackClient) -> Payers:
    """Payers who pay at the parties of a running stack."""
    return Payers(StackChannels(client))


def _typed(card: CardTokenRequest) -> dict[str, str]:
    """The number itself: a model written as JSON hides it."""
    return {"number": card.number.get_secret_value(), "expiry": card.expiry}


def _without_id(choice: CardChoice | BankChoice) -> dict[str, str]:
    return choice.model_dump(mode="json", exclude={"payment_id"})
