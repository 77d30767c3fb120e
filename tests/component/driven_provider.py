"""The payment provider driven by hand; the test is the payer and the card agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from fastapi import APIRouter, FastAPI

from contracts import topics
from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    Event,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
    ReceiptDelivered,
)
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import BankChoice, CardChoice, ConsentRequest, PaymentView, ScanRequest
from contracts.http.service import Waiting
from contracts.vocabulary import Agent, Brand, DeclineReason, Method, Refusal, SlipNumber, Yen
from services.chassis.bus.port import Record
from services.payment_provider.app import PaymentProvider, Settings, create_app
from services.payment_provider.routes import router
from services.payment_provider.terminal_routes import terminal_app
from tests.component.driven import Driven, accepted

NOON = datetime.fromisoformat("2021-04-12T12:00:00+09:00")
TERMS = "2021-04"
CLOSES_ON, DEPOSIT_ON = date(2021, 4, 15), date(2021, 4, 30)

AgentEvent = (
    AuthorizationApproved | AuthorizationDeclined | AuthorizationReversed | ProxyPaymentAccepted | ProxyPaymentWithdrawn
)


def slip(number: int = 1, amount: int = 8_500, *, reissue: int = 0, use_by: date | None = None) -> str:
    """The barcode of a slip; another reissue count is the same slip, reissued."""
    return Barcode("912345", SlipNumber(f"1310442100000{number:05d}021"), reissue, use_by, Yen(amount)).digits


class DrivenProvider(Driven[PaymentProvider, Settings]):
    """Use cases as the app calls them; the test is the payer and the card agents."""

    name, begins = "provider", NOON
    consent_id = ""

    @classmethod
    def validated(cls, settings: Mapping[str, object]) -> Settings:
        return Settings.model_validate(settings)

    def make(self) -> PaymentProvider:
        return create_app(self.settings, self.bus, self.clock)

    def routes(self) -> APIRouter:
        return router(self.service)

    def sender(self, event: Event) -> str:
        assert isinstance(event, AgentEvent)
        return topics.card_agent(event.agent)

    async def start(self) -> None:
        await super().start()
        consent = await self.service.commands.consent(ConsentRequest(app_user="user-1", terms_version=TERMS))
        self.consent_id = accepted(consent).consent_id

    @property
    def terminal_http(self) -> FastAPI:
        """The application that its process serves to terminals."""
        return terminal_app(self.service)

    # ---- the payer

    async def scan(self, barcode: str = "", key: str | None = None) -> PaymentView | Refusal:
        return await self.service.commands.scan(ScanRequest(barcode=barcode or slip(), consent_id=self.consent_id), key)

    async def scanned(self, barcode: str = "") -> str:
        """The id of a new payment."""
        return accepted(await self.scan(barcode)).payment_id

    async def choose_card(
        self, payment_id: str, agent: Agent = Agent.UC, brand: Brand = Brand.VISA, key: str | None = None
    ) -> PaymentView | Refusal:
        choice = CardChoice(payment_id=payment_id, agent=agent, card_token="a-token", brand=brand, last4="0002")
        return await self.service.commands.choose_card(choice, key)

    async def choose_bank(self, payment_id: str, bank_code: str = "0001") -> PaymentView | Refusal:
        return await self.service.commands.choose_bank(BankChoice(payment_id=payment_id, bank_code=bank_code))

    async def asked(self, barcode: str = "") -> str:
        """The id of a payment whose agent has been asked."""
        payment_id = await self.scanned(barcode)
        accepted(await self.choose_card(payment_id))
        await self.settle()
        return payment_id

    async def paid(self, barcode: str = "") -> str:
        """The id of a payment that its agent took on."""
        payment_id = await self.asked(barcode)
        await self.send(self.approval(payment_id))
        await self.send(self.accepting(payment_id))
        return payment_id

    async def paid_by_bank(self, barcode: str = "", bank_code: str = "0001") -> str:
        """The id of a payment whose bank has been asked and has had time to answer."""
        payment_id = await self.scanned(barcode)
        accepted(await self.choose_bank(payment_id, bank_code))
        await self.advance_seconds(2)
        return payment_id

    # ---- tills, counters, accounts

    async def collect(self, method: Method, barcode: str = "", key: str | None = None) -> PaymentView | Refusal:
        request = CollectionRequest.model_validate({"method": method, "barcode": barcode or slip()})
        return await self.service.commands.collect(request, key)

    async def collected(self, method: Method, barcode: str = "") -> str:
        """The id of a payment outside the app."""
        payment_id = accepted(await self.collect(method, barcode)).payment_id
        await self.settle()
        return payment_id

    # ---- the agents

    def approval(self, payment_id: str) -> AuthorizationApproved:
        at = self.clock.now()
        return AuthorizationApproved(
            payment_id=payment_id, agent=Agent.UC, amount=Yen(8_500), approval_code="A1", approved_at=at
        )

    def denial(self, payment_id: str) -> AuthorizationDeclined:
        reason = DeclineReason.OVER_LIMIT
        return AuthorizationDeclined(payment_id=payment_id, agent=Agent.UC, reason=reason, declined_at=self.clock.now())

    def reversal(self, payment_id: str) -> AuthorizationReversed:
        return AuthorizationReversed(payment_id=payment_id, agent=Agent.UC, reversed_at=self.clock.now())

    def accepting(self, payment_id: str) -> ProxyPaymentAccepted:
        return ProxyPaymentAccepted(
            payment_id=payment_id,
            agent=Agent.UC,
            amount=Yen(8_500),
            accepted_at=self.clock.now(),
            closes_on=CLOSES_ON,
            deposit_on=DEPOSIT_ON,
        )

    def withdrawal(self, payment_id: str) -> ProxyPaymentWithdrawn:
        at = self.clock.now()
        return ProxyPaymentWithdrawn(payment_id=payment_id, agent=Agent.UC, amount=Yen(8_500), withdrawn_at=at)

    async def redeliver_timers(self) -> int:
        """Deliver every timer so far again, under the same ids and under new ones. Returns how many were delivered."""
        fired = await self.bus.read(topics.timers(self.service.principal).name, max_records=100_000)
        for again in (b"", b"-again"):
            await self.bus.produce(
                [
                    Record(m.topic, m.key, m.value, tuple((n, v + again * (n == "ce_id")) for n, v in m.headers))
                    for m in fired
                ]
            )
            await self.settle()
        return 2 * len(fired)

    async def advance_seconds(self, seconds: float) -> None:
        await self.advance(datetime.fromtimestamp(self.clock.now().timestamp() + seconds, self.clock.now().tzinfo))

    # ---- results

    async def status(self, payment_id: str) -> str:
        return accepted(await self.service.queries.payment(payment_id)).status

    async def receipts(self, payment_id: str) -> list[tuple[str, datetime]]:
        """(kind, time) of each receipt record delivered for a payment."""
        records = await self.published(ReceiptDelivered)
        return [(r.kind.value, r.delivered_at) for r in records if r.payment_id == payment_id]

    async def waiting(self, payment_id: str) -> Waiting | None:
        return (await self.service.queries.explain([payment_id]))[payment_id].waiting

    async def steps(self, payment_id: str) -> Sequence[str]:
        """The steps of a payment so far, in the standard terms."""
        return [step.event.split()[0] for step in (await self.service.queries.explain([payment_id]))[payment_id].steps]
