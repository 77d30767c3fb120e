"""Card payments as an app makes them: scan, choose the card, follow the payment from topic to topic to its receipt.

One by one (`POST /scans`, `POST /payments/{id}/card`) or many in a request (`POST /scans/bulk`, `/payments/cards`).
Cards are typed beforehand. The agents' answers are read from their topics; each step is timed from the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from contracts import cloudevents, topics
from contracts.events import AuthorizationApproved, AuthorizationDeclined, ProxyPaymentAccepted
from contracts.formats.card_number import brand_of
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest
from contracts.vocabulary import Agent
from services.chassis.bus.port import EventBus, Message, TopicPartition
from services.chassis.clock import pause
from services.chassis.identity import random_token
from services.console.load.recording import Recorder
from services.console.load.running import Watch
from services.console.load.slips import Payable
from services.console.payers.cards import card_number
from services.console.payers.paying import Payers
from services.console.stack.calling import followed
from services.console.stack.channels import StackChannels
from services.console.stack.clients import StackClient

ACCEPTED, AUTHORIZED, TAKEN_ON, DELIVERED = "accepted", "authorized", "taken_on", "delivered"
STEPS: Final[Mapping[str, str]] = {AuthorizationApproved.TYPE: AUTHORIZED, ProxyPaymentAccepted.TYPE: TAKEN_ON}
WATCHED: Final = tuple(
    topic.name for agent in Agent for topic in (topics.authorization_results(agent), topics.proxy_payments(agent))
)
CONNECTIONS: Final = 256
EXPIRY: Final = "12/29"
CARDS_AT_ONCE: Final = 5_000
MESSAGES_AT_ONCE: Final = 10_000
UNAVAILABLE: Final = 503
ATTEMPTS: Final = 30


class PaymentRefused(Exception):
    """The provider refused a payment that it should accept; the text is its answer."""


@dataclass(slots=True)
class _UnderWay:
    intended_at: float
    last_at: float
    """When the last step was seen."""


class Payments:
    """A payment for each slip, in turn. A declined one counts as refused; its receipt is not awaited."""

    stages: Sequence[str] = (ACCEPTED, AUTHORIZED, TAKEN_ON, DELIVERED)

    def __init__(
        self, bus: EventBus, client: StackClient, slips: ReadyPayments, recorder: Recorder, watch: Watch
    ) -> None:
        self._bus, self._client, self._slips = bus, client, slips
        self._recorder, self._watch = recorder, watch
        self._under_way: dict[str, _UnderWay] = {}
        self._next: dict[str, dict[TopicPartition, int]] = {}
        self._http: aiohttp.ClientSession | None = None
        self._run = random_token()
        self._requests = 0
        self.at_once = slips.in_a_request
        self.senders = max(CONNECTIONS // slips.in_a_request, 4)
        self.ahead = max(2 * CONNECTIONS, 2 * self.senders * slips.in_a_request)
        self.amounts: dict[str, int] = {}
        """Payment id → yen of every accepted payment."""

    async def begin(self) -> None:
        """Open the connections; follow the topics from their ends on."""
        secured = followed(self._client.addresses)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=True if secured is None else secured.context)
        provider = self._client.url(topics.PAYMENT_PROVIDER)
        self._http = aiohttp.ClientSession(provider, connector=connector, headers=self._client.credentials.headers)
        self._next = {name: dict(await self._bus.end_offsets([name])) for name in WATCHED}

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def send(self, intended: Sequence[float]) -> None:
        wanted = self._slips.next(len(intended))
        if self._slips.in_a_request == 1:
            await self._pay(*wanted[0], intended[0])
        else:
            await self._pay_many(wanted, intended)

    async def observe(self) -> None:
        """Read the topics between scan and receipt."""
        for name, offsets in self._next.items():
            messages = await self._bus.read(name, offsets, MESSAGES_AT_ONCE)
            now = self._watch.now()
            for message in messages:
                offsets[TopicPartition(message.topic, message.partition)] = message.offset + 1
                self._step(message, now)

    def intended(self, message: Message) -> float | None:
        """The intended time of this receipt's payment; records that the receipt is delivered."""
        found = self._under_way.pop(message.key, None)
        if found is None:
            return None
        self._recorder.took(DELIVERED, found.intended_at, self._watch.now() - found.last_at)
        return found.intended_at

    def _step(self, message: Message, now: float) -> None:
        found = self._under_way.get(message.key)
        if found is None:
            return
        try:
            kind = cloudevents.envelope(message.headers).type
        except cloudevents.UndecodableEvent:
            return  # nobody handles it, so it is no step
        if kind == AuthorizationDeclined.TYPE:
            self._refused(message.key)
        elif (stage := STEPS.get(kind)) is not None:
            self._recorder.took(stage, found.intended_at, now - found.last_at)
            found.last_at = now

    def _refused(self, payment_id: str) -> None:
        del self._under_way[payment_id]
        self.amounts.pop(payment_id, None)
        self._recorder.refused += 1

    async def _pay(self, slip: Payable, card: CardTokenAnswer, at: float) -> None:
        scan = {"barcode": slip.barcode, "consent_id": self._slips.consent}
        payment = await self._post("/scans", scan)
        self._begun(payment, at)
        await self._post(f"/payments/{payment['payment_id']}/card", _chosen(card))
        self._accepted([payment], [at])

    async def _pay_many(self, wanted: Sequence[tuple[Payable, CardTokenAnswer]], intended: Sequence[float]) -> None:
        scans = [{"barcode": slip.barcode, "consent_id": self._slips.consent} for slip, _ in wanted]
        payments = await self._many("/scans/bulk", {"scans": scans})
        for payment, at in zip(payments, intended, strict=True):
            self._begun(payment, at)
        choices = [
            {"payment_id": payment["payment_id"], **_chosen(card)}
            for payment, (_, card) in zip(payments, wanted, strict=True)
        ]
        await self._many("/payments/cards", {"choices": choices})
        self._accepted(payments, intended)

    def _begun(self, payment: Mapping[str, Any], at: float) -> None:
        self._under_way[payment["payment_id"]] = _UnderWay(at, self._watch.now())
        self.amounts[payment["payment_id"]] = payment["amount"]

    def _accepted(self, payments: Sequence[Mapping[str, Any]], intended: Sequence[float]) -> None:
        now = self._watch.now()
        for payment, at in zip(payments, intended, strict=True):
            self._recorder.took(ACCEPTED, at, now - at)
            if (found := self._under_way.get(payment["payment_id"])) is not None:
                found.last_at = max(found.last_at, now)

    async def _many(self, path: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self._post(path, body)
        if answer["refused"]:
            raise PaymentRefused(f"{path}: {answer['refused'][0]['detail']}")
        payments: list[dict[str, Any]] = answer["payments"]
        return payments

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        assert self._http is not None, "begin() comes first"
        self._requests += 1
        headers = {"Idempotency-Key": f"{self._run}/{self._requests}"}
        for _ in range(ATTEMPTS):
            async with self._http.post(path, json=body, headers=headers) as answer:
                if answer.status == UNAVAILABLE:  # overload or outage: retry
                    await pause(float(answer.headers.get("Retry-After", "1")))
                    continue
                if answer.status >= 400:
                    raise PaymentRefused(f"{path}: HTTP {answer.status} {(await answer.text())[:300]}")
                return await answer.json()
        raise PaymentRefused(f"{path}: not served after {ATTEMPTS} attempts; see the provider's log")


def _chosen(card: CardTokenAnswer) -> dict[str, Any]:
    return card.model_dump(mode="json")


@dataclass
class ReadyPayments:
    """Slips to pay, each with a card of its payer, under one consent."""

    payable: Sequence[tuple[Payable, CardTokenAnswer]]
    consent: str
    in_a_request: int = 1
    _taken: int = 0

    def next(self, count: int) -> Sequence[tuple[Payable, CardTokenAnswer]]:
        """The next `count` slips; none is returned twice."""
        begun, self._taken = self._taken, self._taken + count
        return self.payable[begun : self._taken]


async def ready_to_pay(client: StackClient, slips: Sequence[Payable], seed: int, in_a_request: int) -> ReadyPayments:
    """Type a card for each payer and give the consent. Raises `PaymentRefused`, `Refused`, `Unreachable`."""
    channels = StackChannels(client)
    consent = await Payers(channels).consent(f"load-{random_token()}")
    cards = await _cards(channels, list(dict.fromkeys(slip.insured_number for slip in slips)), seed)
    return ReadyPayments([(slip, cards[slip.insured_number]) for slip in slips], consent, in_a_request)


async def _cards(channels: StackChannels, payers: Sequence[str], seed: int) -> Mapping[str, CardTokenAnswer]:
    agent_of = {str(brand): route.agent for route in await channels.card_routes() for brand in route.brands}
    numbers = {payer: card_number(seed, payer) for payer in payers}
    found: dict[str, CardTokenAnswer] = {}
    for agent in Agent:
        own = [payer for payer in payers if agent_of[str(brand_of(numbers[payer]))] is agent]
        for n in range(0, len(own), CARDS_AT_ONCE):
            some = own[n : n + CARDS_AT_ONCE]
            cards = [CardTokenRequest(number=SecretStr(numbers[payer]), expiry=EXPIRY) for payer in some]
            answer = await channels.tokenize_many(agent, cards, random_token())
            if answer.refused:
                raise PaymentRefused(f"/card-tokens/bulk of {agent.upper()}: {answer.refused[0].detail}")
            found |= zip(some, answer.tokens, strict=True)
    return found
