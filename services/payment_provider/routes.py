"""HTTP in; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from contracts.explaining import EXPLANATION
from contracts.http.bodies import GivenDay
from contracts.http.payment_provider.anomalies import (
    ReceiptAnomalyKindView,
    ReceiptAnomalyView,
)
from contracts.http.payment_provider.payments import (
    BankChoiceRequest,
    CardChoiceRequest,
    CardRoute,
    PaymentView,
    TestBank,
)
from contracts.http.payment_provider.receipt_files import RecordedAccess
from contracts.http.payment_provider.terms_of_use import TermsOfUse
from contracts.http.service import Explanation
from contracts.roles import Role
from services.chassis.web.bodies import BodyRule
from services.chassis.web.disconnects import while_connected
from services.chassis.web.duty_routes import entering_duties, erasing_duties
from services.chassis.web.problems import accepted
from services.chassis.web.routing import IdempotencyKey, PartyRouter
from services.payment_provider.app import PaymentProvider
from services.payment_provider.pictures import received
from services.payment_provider.queries.terms_of_use import terms_of_use

_PICTURES = ("image/*", "application/pdf", "application/octet-stream")
_PICTURE_BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _PICTURES},
}


def router(provider: PaymentProvider) -> APIRouter:
    api, s = PartyRouter(), provider.settings
    bulk = BodyRule(s.http_bulk_bytes)
    picture = BodyRule(
        s.picture_bytes,
        kinds=_PICTURES,
        streamed=True,
        too_large="picture_too_large",
        remedy="send a smaller picture, or only the part with the barcode",
    )
    api.bodies |= {
        "/scans/image": picture,
        "/scans/bulk": bulk,
        "/payments/cards": bulk,
        "/collections/bulk": bulk,
    }
    _changes(api, provider)
    _many(api, provider)
    _simulation(api, provider)
    _queries(api, provider)
    entering_duties(api, provider.duties.commands)
    erasing_duties(api, provider.erasing, provider.erase)
    return api


def _changes(api: PartyRouter, provider: PaymentProvider) -> None:
    payers, networks = api.open_to(Role.PAYER_APP), api.open_to(Role.PEER)
    c = provider.commands
    payers.command("/consents", c.consent, "利用規約への同意 accept the terms", status=201)
    payers.command("/scans", c.scan, "納付書読取 scan a slip", status=201)

    @payers.post(
        "/scans/image",
        status_code=201,
        summary="納付書読取 scan a photo or PDF of a slip, which is the body itself",
        openapi_extra={"requestBody": _PICTURE_BODY},
    )
    async def scan_picture(
        request: Request, consent_id: Annotated[str, Query(max_length=64)], key: IdempotencyKey = None
    ) -> PaymentView:
        with c.pictures.place(consent_id) as refused:
            accepted(refused)
            picture = accepted(await received(request.stream(), provider.settings.picture_bytes))
            return accepted(await while_connected(request, c.scan_picture(picture, consent_id, key)))

    payers.command(
        "/payments/{payment_id}/card", c.choose_card, "カード払い pay by card", status=202, body=CardChoiceRequest
    )
    payers.command(
        "/payments/{payment_id}/internet-banking",
        c.choose_bank,
        "ネットバンキング払い pay by bank",
        status=202,
        body=BankChoiceRequest,
    )
    networks.command(
        "/collections", c.collect, "収納 a slip was paid at a till, a counter or from an account", status=201
    )


def _many(api: PartyRouter, provider: PaymentProvider) -> None:
    payers, networks = api.open_to(Role.PAYER_APP), api.open_to(Role.PEER)
    c = provider.commands
    payers.command("/scans/bulk", c.scan_many, "納付書一括読取 scan many slips, each for itself", status=201)
    payers.command("/payments/cards", c.choose_cards, "カード払い一括 pay many by card, each for itself", status=202)
    networks.command("/collections/bulk", c.collect_many, "収納一括 many collections, each for itself", status=201)


def _simulation(api: PartyRouter, provider: PaymentProvider) -> None:
    operators, testers = api.open_to(Role.OPERATOR), api.open_to(Role.OPERATOR, Role.PAYER_APP)
    c = provider.commands

    @testers.get("/test-banks", summary="Bank codes that choose their answer")
    async def test_banks() -> Sequence[TestBank]:
        return provider.queries.test_banks()

    @operators.get("/anomaly-kinds", summary="異常の種類 how receipt data can be made to go wrong")
    async def anomaly_kinds() -> Sequence[ReceiptAnomalyKindView]:
        return provider.queries.anomaly_kinds()

    @operators.get("/anomalies", summary="異常 asked for, with the payments that they struck")
    async def anomalies() -> Sequence[ReceiptAnomalyView]:
        return await provider.queries.anomalies()

    operators.command("/anomalies", c.inject_anomaly, "異常 make the receipt data of a payment go wrong", status=201)


def _queries(api: PartyRouter, provider: PaymentProvider) -> None:
    payers, staff = api.open_to(Role.PAYER_APP), api.open_to(Role.PAYER_APP, Role.COLLECTION_CLERK)
    clerks = api.open_to(Role.COLLECTION_CLERK, Role.AUDITOR)
    officers = api.open_to(Role.ADMINISTRATOR, Role.AUDITOR, Role.PRIVACY_OFFICER)

    terms = terms_of_use(provider.settings.terms_version)

    @api.get("/terms-of-use", summary="利用規約 the version in force: text, purpose, items handled")
    async def terms_in_force() -> TermsOfUse:
        return terms

    @staff.get("/payments", summary="The payments of a slip")
    async def payments(slip_number: str) -> Sequence[PaymentView]:
        return await provider.queries.payments_of(slip_number)

    @staff.get("/payments/{payment_id}", summary="One payment")
    async def payment(payment_id: str) -> PaymentView:
        return accepted(await provider.queries.payment(payment_id))

    @clerks.get("/payments/{payment_id}/explanation", summary=EXPLANATION)
    async def explanation(payment_id: str, on: GivenDay | None = None) -> Explanation:
        return accepted(await provider.queries.explanation(payment_id, on))

    @payers.get("/card-agents", summary="Which agent takes which brands")
    async def card_agents() -> Sequence[CardRoute]:
        return provider.queries.card_routes()

    @officers.get("/terminal-accesses", summary="接続記録 requests of terminals for receipt files, the latest first")
    async def terminal_accesses(limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Sequence[RecordedAccess]:
        return await provider.queries.terminal_accesses(limit)
