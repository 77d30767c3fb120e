"""HTTP in; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from contracts.explaining import EXPLANATION
from contracts.http.payment_provider.anomalies import (
    ReceiptAnomaliesAnswer,
    ReceiptAnomalyKindView,
    ReceiptAnomalyRequest,
    ReceiptAnomalyView,
)
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
from contracts.http.payment_provider.payments import (
    BankChoice,
    BankChoiceRequest,
    CardChoice,
    CardChoiceRequest,
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
from contracts.http.payment_provider.receipt_files import RecordedAccess
from contracts.http.service import Explanation
from services.chassis.web.problems import accepted
from services.chassis.web.routing import IdempotencyKey, create_router
from services.payment_provider.app import PaymentProvider
from services.payment_provider.pictures import received

_PICTURE_BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/*", "application/pdf")},
}


def router(provider: PaymentProvider) -> APIRouter:
    """The provider's routes."""
    api = create_router()
    _changes(api, provider)
    _many(api, provider)
    _simulation(api, provider)
    _queries(api, provider)
    return api


def _changes(api: APIRouter, provider: PaymentProvider) -> None:
    @api.post("/consents", status_code=201, summary="利用規約への同意 accept the terms")
    async def consent(body: ConsentRequest, key: IdempotencyKey = None) -> ConsentAnswer:
        return accepted(await provider.commands.consent(body, key))

    @api.post("/scans", status_code=201, summary="納付書読取 scan a slip")
    async def scan(body: ScanRequest, key: IdempotencyKey = None) -> PaymentView:
        return accepted(await provider.commands.scan(body, key))

    @api.post(
        "/scans/image",
        status_code=201,
        summary="納付書読取 scan a photo or PDF of a slip, which is the body itself",
        openapi_extra={"requestBody": _PICTURE_BODY},
    )
    async def scan_picture(
        request: Request, consent_id: Annotated[str, Query(max_length=64)], key: IdempotencyKey = None
    ) -> PaymentView:
        picture = accepted(await received(request.stream(), provider.settings.picture_bytes))
        return accepted(await provider.commands.scan_picture(picture, consent_id, key))

    @api.post("/payments/{payment_id}/card", status_code=202, summary="カード払い pay by card")
    async def choose_card(payment_id: str, body: CardChoiceRequest, key: IdempotencyKey = None) -> PaymentView:
        choice = CardChoice(payment_id=payment_id, **body.model_dump())
        return accepted(await provider.commands.choose_card(choice, key))

    @api.post("/payments/{payment_id}/internet-banking", status_code=202, summary="ネットバンキング払い pay by bank")
    async def choose_bank(payment_id: str, body: BankChoiceRequest, key: IdempotencyKey = None) -> PaymentView:
        choice = BankChoice(payment_id=payment_id, **body.model_dump())
        return accepted(await provider.commands.choose_bank(choice, key))

    @api.post("/collections", status_code=201, summary="収納 a slip was paid at a till, a counter or from an account")
    async def collect(body: CollectionRequest, key: IdempotencyKey = None) -> PaymentView:
        return accepted(await provider.commands.collect(body, key))


def _many(api: APIRouter, provider: PaymentProvider) -> None:
    @api.post("/scans/bulk", status_code=201, summary="納付書一括読取 scan many slips, each for itself")
    async def scan_many(body: ScansRequest, key: IdempotencyKey = None) -> PaymentsAnswer:
        return accepted(await provider.commands.scan_many(body, key))

    @api.post("/payments/cards", status_code=202, summary="カード払い一括 pay many by card, each for itself")
    async def choose_cards(body: CardChoicesRequest, key: IdempotencyKey = None) -> PaymentsAnswer:
        return accepted(await provider.commands.choose_cards(body, key))

    @api.post("/collections/bulk", status_code=201, summary="収納一括 many of them, each for itself")
    async def collect_many(body: CollectionsRequest, key: IdempotencyKey = None) -> PaymentsAnswer:
        return accepted(await provider.commands.collect_many(body, key))


def _simulation(api: APIRouter, provider: PaymentProvider) -> None:
    @api.get("/test-banks", summary="Bank codes that choose their answer")
    async def test_banks() -> Sequence[TestBank]:
        return provider.queries.test_banks()

    @api.get("/anomaly-kinds", summary="異常の種類 how receipt data can be made to go wrong")
    async def anomaly_kinds() -> Sequence[ReceiptAnomalyKindView]:
        return provider.queries.anomaly_kinds()

    @api.get("/anomalies", summary="異常 those asked for, with the payments they met")
    async def anomalies() -> Sequence[ReceiptAnomalyView]:
        return await provider.queries.anomalies()

    @api.post("/anomalies", status_code=201, summary="異常 let the receipt data of a payment go wrong")
    async def inject_anomaly(body: ReceiptAnomalyRequest, key: IdempotencyKey = None) -> ReceiptAnomaliesAnswer:
        return accepted(await provider.commands.inject_anomaly(body, key))


def _queries(api: APIRouter, provider: PaymentProvider) -> None:
    @api.get("/terms-of-use", summary="利用規約 the version in force")
    async def terms_of_use() -> dict[str, str]:
        return {"terms_version": provider.settings.terms_version}

    @api.get("/payments", summary="The payments of a slip")
    async def payments(slip_number: str) -> Sequence[PaymentView]:
        return await provider.queries.payments_of(slip_number)

    @api.get("/payments/{payment_id}", summary="One payment")
    async def payment(payment_id: str) -> PaymentView:
        return accepted(await provider.queries.payment(payment_id))

    @api.get("/payments/{payment_id}/explanation", summary=EXPLANATION)
    async def explanation(payment_id: str, on: date | None = None) -> Explanation:
        return accepted(await provider.queries.explanation(payment_id, on))

    @api.get("/card-agents", summary="Which agent takes which brands")
    async def card_agents() -> Sequence[CardRoute]:
        return provider.queries.card_routes()

    @api.get("/terminal-accesses", summary="接続記録 who asked for receipt files, the latest first")
    async def terminal_accesses(limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Sequence[RecordedAccess]:
        return await provider.queries.terminal_accesses(limit)
