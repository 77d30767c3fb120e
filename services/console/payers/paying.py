"""How a payer pays: in the app, a slip is scanned, then a card or a bank chosen; elsewhere the slip is handed over.

The steps are the same wherever the parties are: `Channels` is spoken by the sandbox, in this process, and by a running
stack, over HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydantic import SecretStr

from contracts.formats.card_number import brand_of
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import (
    BankChoice,
    CardChoice,
    CardRoute,
    ConsentAnswer,
    ConsentRequest,
    PaymentView,
    ScanRequest,
)
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import IN_APP, Agent, Refusal
from services.console.payers.plan import ByBank, ByCard, PlannedPayment, collection_of

Answer = TypeVar("Answer")


def expect(answer: Answer | Refusal) -> Answer:
    """The answer to a step that must be right here: a refusal is a bug."""
    assert not isinstance(answer, Refusal), answer
    return answer


class Channels(Protocol):
    """What payers use: the provider's app, the card agents' card entry, and the tills and counters.

    `key` makes a repeated request safe. A refusal is returned, or raised if the parties are called over HTTP.
    """

    async def terms_version(self) -> str:
        """The terms of use (利用規約) in force."""

    async def card_routes(self) -> Sequence[CardRoute]:
        """Which agent takes cards of which brands."""

    async def consent(self, request: ConsentRequest, /) -> ConsentAnswer | Refusal: ...

    async def scan(self, request: ScanRequest, key: str, /) -> PaymentView | Refusal: ...

    async def tokenize(self, agent: Agent, request: CardTokenRequest, /) -> CardTokenAnswer | Refusal: ...

    async def choose_card(self, choice: CardChoice, key: str, /) -> PaymentView | Refusal: ...

    async def choose_bank(self, choice: BankChoice, key: str, /) -> PaymentView | Refusal: ...

    async def collect(self, request: CollectionRequest, key: str, /) -> PaymentView | Refusal: ...


@dataclass
class Payers:
    """Any number of payers; each consents once, when first using the app."""

    channels: Channels
    _consents: dict[str, str] = field(default_factory=dict)
    _routes: Sequence[CardRoute] = ()

    async def consent(self, app_user: str) -> str:
        """The id of this user's consent."""
        if app_user not in self._consents:
            request = ConsentRequest(app_user=app_user, terms_version=await self.channels.terms_version())
            self._consents[app_user] = expect(await self.channels.consent(request)).consent_id
        return self._consents[app_user]

    async def scan(self, slip: SlipView) -> PaymentView | Refusal:
        """Scan a slip as its payer."""
        return await self.scan_barcode(slip.barcode or "", _app_user(slip), f"scan/{slip.slip_number}")

    async def scan_barcode(self, barcode: str, app_user: str, key: str) -> PaymentView | Refusal:
        """Scan a barcode, or the text that a scanner took for one."""
        return await self.channels.scan(ScanRequest(barcode=barcode, consent_id=await self.consent(app_user)), key)

    async def pay(self, payment: PlannedPayment) -> PaymentView | Refusal:
        """Pay a slip as planned; what follows happens by itself."""
        slip, key = payment.slip, f"{payment.slip.slip_number}/{payment.method}/{payment.at.isoformat()}"
        if payment.method not in IN_APP:
            return await self.channels.collect(collection_of(payment), key)
        return await self.pay_barcode(slip.barcode or "", payment.means, _app_user(slip), key)

    async def pay_barcode(self, barcode: str, means: ByCard | ByBank, app_user: str, key: str) -> PaymentView | Refusal:
        """Scan and choose."""
        scanned = await self.scan_barcode(barcode, app_user, f"{key}/scan")
        if isinstance(scanned, Refusal):
            return scanned
        return await self.choose(scanned.payment_id, means, key)

    async def choose(self, payment_id: str, means: ByCard | ByBank, key: str) -> PaymentView | Refusal:
        """Pay the scanned slip: by internet banking, or with a card typed at its agent, whose token goes to the app."""
        match means:
            case ByBank(bank_code):
                return await self.channels.choose_bank(BankChoice(payment_id=payment_id, bank_code=bank_code), key)
            case ByCard(number, expiry):
                request = CardTokenRequest(number=SecretStr(number), expiry=expiry)
                token = await self.channels.tokenize(await self.agent_for(number), request)
                if isinstance(token, Refusal):
                    return token
                return await self.channels.choose_card(card_choice(payment_id, token), key)

    async def agent_for(self, number: str) -> Agent:
        """The agent that the provider names for the card's brand; for an unknown brand the first, which refuses it."""
        if not self._routes:
            self._routes = await self.channels.card_routes()
        brand = brand_of(number)
        return next((route.agent for route in self._routes if brand in route.brands), self._routes[0].agent)


def card_choice(payment_id: str, token: CardTokenAnswer) -> CardChoice:
    """The choice of the card that a token stands for."""
    return CardChoice(
        payment_id=payment_id, agent=token.agent, card_token=token.card_token, brand=token.brand, last4=token.last4
    )


def _app_user(slip: SlipView) -> str:
    return f"user-{slip.insured_number}"
