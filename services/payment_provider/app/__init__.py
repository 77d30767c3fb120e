"""The payment provider put together: settings in, a service out. What the console may import."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property, partial

from contracts import topics
from contracts.books import Books
from contracts.explaining import end_of, explanation_on
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.anomalies import (
    ReceiptAnomaliesAnswer,
    ReceiptAnomalyKindView,
    ReceiptAnomalyRequest,
    ReceiptAnomalyView,
)
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
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
    TestBank,
)
from contracts.http.service import Explanation
from contracts.vocabulary import Agent, Method, Refusal
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
from services.chassis.faults import Faults
from services.payment_provider import store
from services.payment_provider.app.receipt_files import ReceiptFiles
from services.payment_provider.behaviour import ANOMALIES, TEST_BANKS
from services.payment_provider.books import ACCOUNT_NAMES, books
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.payment import Payment
from services.payment_provider.domain.picture import slip_in
from services.payment_provider.explanation import Telling, explain, payment_then, period_of
from services.payment_provider.handlers.choose_method import CardRules, choose_banks, choose_cards, choose_many_cards
from services.payment_provider.handlers.collect_slip import CollectionRules, collect_many, collect_slips
from services.payment_provider.handlers.inject_anomaly import inject_anomalies
from services.payment_provider.handlers.record_consent import record_consents
from services.payment_provider.handlers.scan_slip import scan_many, scan_slips
from services.payment_provider.migrations import HISTORY
from services.payment_provider.pictures import Bounds, PictureReader
from services.payment_provider.settings import Settings
from services.payment_provider.subscriptions import subscriptions
from services.payment_provider.tables import metadata
from services.payment_provider.views import anomaly_view, payment_view

__all__ = ["ACCOUNT_NAMES", "TEST_BANKS", "PaymentProvider", "Settings", "books", "create_app"]


class PaymentProvider(ReceiptFiles):
    """乙: one method per use case. A refusal is returned, not raised."""

    title = "sansha payment provider (乙 収納代行・収納センター)"
    tables = metadata
    history = HISTORY
    settings: Settings

    @cached_property
    def channels(self) -> Channels:
        """The agreed delays and terms."""
        return self.settings.channels

    @cached_property
    def _card_rules(self) -> CardRules:
        s = self.settings
        timeout = timedelta(seconds=s.authorization_timeout_seconds)
        steps = s.system_fee_step, s.system_fee_per_step
        return CardRules(s.card_routes, timeout, s.system_fees, s.issuer_system_fees, *steps)

    @cached_property
    def _card_routes(self) -> Sequence[CardRoute]:
        routes = self.settings.card_routes
        return [CardRoute(agent=a, brands=tuple(b for b, to in routes.items() if to is a)) for a in Agent]

    @cached_property
    def _pictures(self) -> PictureReader:
        s = self.settings
        bounds = Bounds(s.picture_pixels, s.picture_pages, s.picture_memory_bytes)
        return PictureReader(bounds, s.picture_seconds, asyncio.Semaphore(s.pictures_at_once))

    @cached_property
    def _consent(self) -> Command[ConsentRequest, ConsentAnswer]:
        handler = partial(record_consents, terms_version=self.settings.terms_version)
        return Command("consent", handler, ConsentAnswer, lambda r: (r.app_user,))

    @cached_property
    def _scan(self) -> Command[ScanRequest, PaymentView]:
        handler = partial(scan_slips, rules=self.settings.slip_rules)
        return Command("scan", handler, PaymentView, lambda r: (r.barcode.strip(),))

    @cached_property
    def _scan_many(self) -> Command[ScansRequest, PaymentsAnswer]:
        handler = partial(scan_many, rules=self.settings.slip_rules)
        return Command("scan_many", handler, PaymentsAnswer, lambda r: tuple({s.barcode.strip() for s in r.scans}))

    @cached_property
    def _choose_card(self) -> Command[CardChoice, PaymentView]:
        return Command("choose_card", partial(choose_cards, rules=self._card_rules), PaymentView, _payment_key)

    @cached_property
    def _choose_cards(self) -> Command[CardChoicesRequest, PaymentsAnswer]:
        handler = partial(choose_many_cards, rules=self._card_rules)
        return Command("choose_cards", handler, PaymentsAnswer, lambda r: tuple({c.payment_id for c in r.choices}))

    @cached_property
    def _choose_bank(self) -> Command[BankChoice, PaymentView]:
        return Command("choose_bank", choose_banks, PaymentView, _payment_key)

    @cached_property
    def _collection_rules(self) -> CollectionRules:
        return CollectionRules(self.settings.slip_rules, self.channels)

    @cached_property
    def _collect(self) -> Command[CollectionRequest, PaymentView]:
        handler = partial(collect_slips, rules=self._collection_rules)
        return Command("collect", handler, PaymentView, lambda r: (_slip_of(r),))

    @cached_property
    def _collect_many(self) -> Command[CollectionsRequest, PaymentsAnswer]:
        handler = partial(collect_many, rules=self._collection_rules)
        return Command("collect_many", handler, PaymentsAnswer, lambda r: tuple({_slip_of(c) for c in r.collections}))

    @cached_property
    def _inject(self) -> Command[ReceiptAnomalyRequest, ReceiptAnomaliesAnswer]:
        return Command("inject_anomaly", inject_anomalies, ReceiptAnomaliesAnswer, lambda r: ("anomalies",))

    def subscriptions(self) -> Sequence[On]:
        return subscriptions(self.channels)

    async def consent(self, request: ConsentRequest, key: str | None = None) -> ConsentAnswer | Refusal:
        """利用規約への同意."""
        return await self.execute(self._consent, request, key)

    async def scan(self, request: ScanRequest, key: str | None = None) -> PaymentView | Refusal:
        """納付書読取."""
        return await self.execute(self._scan, request, key)

    async def scan_many(self, request: ScansRequest, key: str | None = None) -> PaymentsAnswer | Refusal:
        """Many slips at once, each for itself."""
        return await self.execute(self._scan_many, request, key)

    async def scan_picture(self, picture: bytes, consent_id: str, key: str | None = None) -> PaymentView | Refusal:
        """納付書読取 from a photo or PDF of the slip."""
        codes = await self._pictures.read(picture)
        slip = codes if isinstance(codes, Refusal) else slip_in(codes)
        if isinstance(slip, Refusal):
            return slip
        return await self.scan(ScanRequest(barcode=slip.digits, consent_id=consent_id), key)

    async def choose_card(self, request: CardChoice, key: str | None = None) -> PaymentView | Refusal:
        """Pay by card; the answer is under way when this returns."""
        return await self.execute(self._choose_card, request, key)

    async def choose_cards(self, request: CardChoicesRequest, key: str | None = None) -> PaymentsAnswer | Refusal:
        """Many payments at once, each for itself."""
        return await self.execute(self._choose_cards, request, key)

    async def choose_bank(self, request: BankChoice, key: str | None = None) -> PaymentView | Refusal:
        """Pay by internet banking; the answer is under way when this returns."""
        return await self.execute(self._choose_bank, request, key)

    async def collect(self, request: CollectionRequest, key: str | None = None) -> PaymentView | Refusal:
        """収納: paid at a till, over a counter or from an account."""
        return await self.execute(self._collect, request, key)

    async def collect_many(self, request: CollectionsRequest, key: str | None = None) -> PaymentsAnswer | Refusal:
        """Many at once, each for itself."""
        return await self.execute(self._collect_many, request, key)

    async def inject_anomaly(
        self, request: ReceiptAnomalyRequest, key: str | None = None
    ) -> ReceiptAnomaliesAnswer | Refusal:
        """異常: let receipt data go wrong."""
        return await self.execute(self._inject, request, key)

    async def anomalies(self) -> Sequence[ReceiptAnomalyView]:
        """Those that were asked for, the first first."""
        async with self.reading() as session:
            return [anomaly_view(row) for row in await store.all_anomalies(session)]

    async def payment(self, payment_id: str) -> PaymentView | Refusal:
        """One payment."""
        async with self.reading() as session:
            found = (await store.find(session, [payment_id])).get(payment_id)
        if found is None:
            return _unknown(payment_id)
        return self._view(found)

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        """Payments by id; one that is unknown is missing."""
        async with self.reading() as session:
            return [self._view(p) for p in (await store.find(session, payment_ids)).values()]

    async def payments_of(self, slip_number: str) -> Sequence[PaymentView]:
        """All payments ever opened for a slip, the first first."""
        async with self.reading() as session:
            return [self._view(p) for p in await store.of_slip(session, slip_number)]

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """This party's part of each story, up to the end of a day of Japan where one is named that is over; a payment
        that it does not know, or did not know by then, is missing."""
        now = self.clock.now()
        told = Telling(self.channels, self._card_rules.timeout, now, end_of(on, now))
        async with self.reading() as session:
            found = await store.find(session, payment_ids)
            rows = await store.receipts_of(session, payment_ids)
            struck_at = {} if told.then is None else await store.struck_at(session, payment_ids)
            of: dict[str, list[object]] = {payment_id: [] for payment_id in found}
            for row in rows:
                of[row.payment_id].append(row)
            stood = {i: payment_then(p, of[i], struck_at.get(i), told) for i, p in found.items()}
            known = {i: p for i, p in stood.items() if p is not None}
            periods = {i: period for i, p in known.items() if (period := period_of(p)) is not None}
            closings = await store.find_closings(session, set(periods.values()))
        return {
            i: explain(p, of[i], closings.get(periods[i]) if i in periods else None, told) for i, p in known.items()
        }

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """The same of one payment. A day to come is refused, and one before the payment was made."""
        unknown, not_yet = _unknown(payment_id), f"payment {payment_id} was not made yet"
        return await explanation_on(self.explain, payment_id, on, self.clock.now(), unknown, not_yet)

    def card_routes(self) -> Sequence[CardRoute]:
        """Which agent takes which brands."""
        return self._card_routes

    def test_banks(self) -> Sequence[TestBank]:
        """Published bank codes that choose their answer."""
        return [TestBank(bank_code=code, story=bank.story) for code, bank in TEST_BANKS.items()]

    def anomaly_kinds(self) -> Sequence[ReceiptAnomalyKindView]:
        """What can be asked for."""
        return [ReceiptAnomalyKindView(kind=kind, story=anomaly.story) for kind, anomaly in ANOMALIES.items()]

    async def books(self) -> Books:
        """What the books say."""
        async with self.reading() as session:
            return await books(session)

    def _view(self, payment: Payment) -> PaymentView:
        fee = self._card_rules.fee(payment) if payment.method is Method.CARD else None
        return payment_view(payment, fee)


def _unknown(payment_id: str) -> Refusal:
    return Refusal("payment_unknown", f"there is no payment {payment_id}", "scan a slip: POST /scans")


def _payment_key(request: CardChoice | BankChoice) -> tuple[str, ...]:
    return (request.payment_id,)


def _slip_of(request: CollectionRequest) -> str:
    """The slip's number: two collections of one slip are one after the other, however the barcode is written."""
    code = barcode.decode(request.barcode or "")
    return code.free_area if isinstance(code, Barcode) else request.slip_number or request.barcode or ""


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> PaymentProvider:
    """The composition root."""
    return PaymentProvider(topics.PAYMENT_PROVIDER, settings, bus, clock, injected)
