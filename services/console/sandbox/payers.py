"""What the demo is played on when the parties are a sandbox's: payers, and the scene they play in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import SecretStr

from contracts.books import Books
from contracts.http.card_agent.cards import CardTokenRequest, TestCard
from contracts.http.payment_provider.payments import BankChoice, CardChoice, ConsentRequest, PaymentView, ScanRequest
from contracts.http.service import Explanation
from contracts.http.ward.slips import Assessment, AssessmentsRequest, SlipView
from contracts.vocabulary import IN_APP, Agent, Brand, Method, Refusal
from services.console.demo.scene import WardSide
from services.console.payers.plan import PlannedPayment, brand_of, collection_of
from services.console.sandbox.sandbox import Sandbox
from services.ward.app import Ward

Answer = TypeVar("Answer")


def expect(answer: Answer | Refusal) -> Answer:
    """Of a step that the demo knows to be right: a refusal here is a bug."""
    assert not isinstance(answer, Refusal), answer
    return answer


@dataclass
class Payers:
    """Plays the payers' part towards the parties of a sandbox."""

    sandbox: Sandbox
    consents: dict[str, str] = field(default_factory=dict)

    async def consent(self, insured_number: str) -> str:
        """The consent of a payer, given when the app is first used."""
        known = self.consents.get(insured_number)
        if known is None:
            version = self.sandbox.provider.settings.terms_version
            request = ConsentRequest(app_user=f"user-{insured_number}", terms_version=version)
            answer = await self.sandbox.provider.commands.consent(request)
            known = self.consents[insured_number] = expect(answer).consent_id
        return known

    async def scan(self, slip: SlipView) -> PaymentView | Refusal:
        """Scan a slip."""
        request = ScanRequest(barcode=slip.barcode or "", consent_id=await self.consent(slip.insured_number))
        return await self.sandbox.provider.commands.scan(request)

    async def pay(self, payment: PlannedPayment) -> PaymentView | Refusal:
        """Scan the slip and choose the method, or pay it outside the app; what follows happens by itself."""
        if payment.method not in IN_APP:
            return await self.sandbox.provider.commands.collect(collection_of(payment))
        scanned = await self.scan(payment.slip)
        if isinstance(scanned, Refusal):
            return scanned
        if payment.method is Method.INTERNET_BANKING:
            choice = BankChoice(payment_id=scanned.payment_id, bank_code=payment.bank_code)
            return await self.sandbox.provider.commands.choose_bank(choice)
        return await self._pay_by_card(scanned.payment_id, payment.card_number or "", payment.expiry)

    async def _pay_by_card(self, payment_id: str, number: str, expiry: str) -> PaymentView | Refusal:
        agent = self.agent_for(number)
        request = CardTokenRequest(number=SecretStr(number), expiry=expiry)
        token = await self.sandbox.agents[agent].commands.tokenize(request)
        if isinstance(token, Refusal):
            return token
        return await self.sandbox.provider.commands.choose_card(
            CardChoice(
                payment_id=payment_id,
                agent=agent,
                card_token=token.card_token,
                brand=token.brand,
                last4=token.last4,
            )
        )

    def agent_for(self, number: str) -> Agent:
        """The agent that the provider names for the card's brand."""
        brand = brand_of(number) or Brand.VISA
        return next(r.agent for r in self.sandbox.provider.queries.card_routes() if brand in r.brands)


class InProcess:
    """The use cases of a ward in this process that a scene needs."""

    def __init__(self, ward: Ward) -> None:
        self.assess, self.slips = ward.commands.assess, ward.queries.slips
        self.explain, self.open_items, self.books = ward.queries.explain, ward.queries.open_items, ward.books


@dataclass(frozen=True, slots=True)
class SandboxScene:
    """The parties in this process; the ward may be elsewhere."""

    sandbox: Sandbox
    payers: Payers

    @property
    def ward(self) -> WardSide:
        """Where the ward is asked."""
        return InProcess(self.sandbox.ward)

    async def assess(self, assessments: Sequence[Assessment]) -> None:
        expect(await self.ward.assess(AssessmentsRequest(assessments=tuple(assessments))))

    async def slips(self, limit: int) -> Sequence[SlipView]:
        return await self.ward.slips(limit=limit)

    async def test_cards(self) -> Sequence[TestCard]:
        return [card for agent in self.sandbox.agents.values() for card in agent.queries.test_cards()]

    async def pay(self, payments: Sequence[PlannedPayment]) -> Sequence[PaymentView | Refusal]:
        return await asyncio.gather(*map(self.payers.pay, payments))

    async def advance(self, to: datetime) -> None:
        await self.sandbox.advance(to)

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        return await self.sandbox.provider.queries.payments(payment_ids)

    async def explanations(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[Explanation]]:
        s = self.sandbox
        told = [await s.provider.queries.explain(payment_ids), await self.ward.explain(payment_ids)]
        told += [await agent.queries.explain(payment_ids) for agent in s.agents.values()]
        return {payment_id: [t[payment_id] for t in told if payment_id in t] for payment_id in payment_ids}

    async def books(self) -> Mapping[str, Books]:
        return await self.sandbox.books()

    async def open_items(self) -> int:
        return len(await self.ward.open_items())
