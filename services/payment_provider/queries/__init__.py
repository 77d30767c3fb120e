"""What can be asked of the provider without changing anything: what HTTP shows and `sansha explain` says.

`Queries` is the table of contents; the modules beside it read the rows, a module per subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from contracts.explaining import end_of, explanation_on
from contracts.http.payment_provider.anomalies import ReceiptAnomalyKindView, ReceiptAnomalyView
from contracts.http.payment_provider.payments import CardRoute, PaymentView, TestBank
from contracts.http.payment_provider.receipt_files import RecordedAccess
from contracts.http.service import Explanation
from contracts.vocabulary import Agent, Method, Refusal
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.payment_provider.behaviour import ANOMALIES, TEST_BANKS
from services.payment_provider.domain.payment import Payment, erased
from services.payment_provider.explanation import Scope
from services.payment_provider.handlers.choose_method import CardRules
from services.payment_provider.queries import anomalies, explanations, receipt_files, slips
from services.payment_provider.settings import Settings
from services.payment_provider.store import payments
from services.payment_provider.views import anomaly_view, payment_view


class Queries:
    """Each method is one read-only transaction, or none. Days are those of Japan."""

    def __init__(self, settings: Settings, cards: CardRules, database: Database, clock: Clock) -> None:
        self._settings, self._cards = settings, cards
        self._read, self._clock = database.read, clock

    async def anomalies(self) -> Sequence[ReceiptAnomalyView]:
        """Requested anomalies (異常), by number."""
        async with self._read() as session:
            return [anomaly_view(asked) for asked in await anomalies.asked(session)]

    async def payment(self, payment_id: str) -> PaymentView | Refusal:
        async with self._read() as session:
            found = (await payments.find(session, [payment_id])).get(payment_id)
        if found is None:
            return _unknown(payment_id)
        return self._view(found) if found.erased_at is None else erased(payment_id, found.erased_at)

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        """In no order; unknown payments and erased ones are missing."""
        async with self._read() as session:
            found = (await payments.find(session, payment_ids)).values()
            return [self._view(payment) for payment in found if payment.erased_at is None]

    async def payments_of(self, slip_number: str) -> Sequence[PaymentView]:
        """All payments ever opened for a slip, by attempt."""
        async with self._read() as session:
            return [self._view(p) for p in await slips.payments_of(session, slip_number)]

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """The provider's part of each story, as known now or at the end of a day; an unknown payment is missing."""
        now = self._clock.now()
        scope = Scope(self._settings.channels, self._cards.timeout, now, end_of(on, now))
        async with self._read() as session:
            return await explanations.read(session, payment_ids, scope)

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """For one payment. Refused for a day to come, and for one before the payment was made."""
        unknown, not_yet = _unknown(payment_id), f"payment {payment_id} was not made yet"
        return await explanation_on(self.explain, payment_id, on, self._clock.now(), unknown, not_yet)

    def card_routes(self) -> Sequence[CardRoute]:
        routes = self._settings.card_routes
        return [CardRoute(agent=a, brands=tuple(b for b, to in routes.items() if to is a)) for a in Agent]

    def test_banks(self) -> Sequence[TestBank]:
        """Published bank codes that choose their answer."""
        return [TestBank(bank_code=code, story=bank.story) for code, bank in TEST_BANKS.items()]

    def anomaly_kinds(self) -> Sequence[ReceiptAnomalyKindView]:
        """The kinds of anomaly (異常) that can be asked for."""
        return [ReceiptAnomalyKindView(kind=kind, story=anomaly.story) for kind, anomaly in ANOMALIES.items()]

    async def terminal_accesses(self, limit: int) -> Sequence[RecordedAccess]:
        """接続記録: requests of terminals, the latest first."""
        async with self._read() as session:
            return await receipt_files.accesses(session, limit)

    def _view(self, payment: Payment) -> PaymentView:
        fee = self._cards.fee(payment) if payment.method is Method.CARD else None
        return payment_view(payment, fee)


def _unknown(payment_id: str) -> Refusal:
    return Refusal("payment_unknown", f"there is no payment {payment_id}", "scan a slip: POST /scans")
