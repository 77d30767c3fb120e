"""乙 over HTTP: a route for each use case, refusals with their statuses, the document that describes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.duties.items import TOLD
from tests.component.driven import jst
from tests.component.driven_provider import NOON, TERMS, DrivenProvider, slip
from tests.component.home import Home

AT_TILL = {"method": "convenience_store", "barcode": slip(4)}
CARD = {"agent": "uc", "card_token": "a-token", "brand": "visa", "last4": "0002"}
CHOICE, SCAN = {**CARD, "payment_id": "p"}, {"barcode": slip(5), "consent_id": "c"}


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[DrivenProvider, httpx.AsyncClient]]:
    driven = await DrivenProvider.started(Home(folder))
    transport = httpx.ASGITransport(driven.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://provider") as client:
        yield driven, client


async def post(client: httpx.AsyncClient, path: str, body: object, status: int, key: str = "") -> Any:
    answer = await client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def scan(client: httpx.AsyncClient, barcode: str = "") -> Any:
    terms = (await client.get("/terms-of-use")).json()
    consent = await post(client, "/consents", {"app_user": "user-1", "terms_version": terms["terms_version"]}, 201)
    return await post(client, "/scans", {"barcode": barcode or slip(), "consent_id": consent["consent_id"]}, 201)


async def test_the_terms_of_use_tell_purpose_items_and_text_in_both_languages(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        terms = (await client.get("/terms-of-use")).json()
    assert terms["terms_version"] == TERMS
    assert [item["name"]["japanese"] for item in terms["items"]] == [item.japanese for item in TOLD]
    said = [terms["purpose"], *(part for article in terms["text"] for part in article.values())]
    said += [item[part] for item in terms["items"] for part in ("name", "purpose")]
    assert all(both["japanese"] and both["english"] for both in said)


async def test_a_card_payment_from_terms_to_explanation(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        scanned = await scan(client)
        path = f"/payments/{scanned['payment_id']}"
        chosen = await post(client, f"{path}/card", CARD, 202)
        assert (chosen["status"], chosen["system_fee"]) == ("authorizing", 82)
        await driven.settle()
        await driven.send(driven.approval(scanned["payment_id"]))
        await driven.send(driven.accepting(scanned["payment_id"]))
        view = (await client.get(path)).json()
        assert (view["status"], view["brand"], view["last4"], view["amount"]) == ("paid", "visa", "0002", 8_500)
        listed = (await client.get("/payments", params={"slip_number": scanned["slip_number"]})).json()
        assert listed == [view]
        story = (await client.get(f"{path}/explanation")).json()
        assert [step["event"].split()[0] for step in story["steps"]][-1] == "速報"
        assert "[confirmation_business_days]" in story["waiting"]["because"]


async def test_a_bank_payment_and_the_tables_a_tester_needs(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        banks = {bank["bank_code"]: bank["story"] for bank in (await client.get("/test-banks")).json()}
        assert {"0001", "9001", "9002", "9003"} <= banks.keys()
        assert all(banks.values())
        routes = {route["agent"]: set(route["brands"]) for route in (await client.get("/card-agents")).json()}
        assert routes == {"jcb": {"jcb", "amex", "diners"}, "uc": {"visa", "mastercard"}}
        scanned = await scan(client)
        path = f"/payments/{scanned['payment_id']}"
        await post(client, f"{path}/internet-banking", {"bank_code": "9001"}, 202)
        await driven.advance(jst("2021-04-12T12:00:02"))
        assert (await client.get(path)).json()["decline_reason"] == "bank_refused"


async def test_a_till_reports_a_payment_whose_receipt_data_are_to_go_wrong(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        kinds = {anomaly["kind"]: anomaly["story"] for anomaly in (await client.get("/anomaly-kinds")).json()}
        assert all(kinds.values())
        asked = await post(client, "/anomalies", {"kind": "never_confirmed", "next": 1}, 201)
        view = await post(client, "/collections", AT_TILL, 201)
        assert (view["status"], view["method"], view["system_fee"]) == ("collected", "convenience_store", 0)
        (anomaly,) = (await client.get("/anomalies")).json()
        assert anomaly["anomaly_id"] == asked["anomalies"][0]["anomaly_id"]
        assert (anomaly["kind"], anomaly["payment_id"]) == ("never_confirmed", view["payment_id"])
        again = {"kind": "sent_twice", "payment_id": view["payment_id"]}
        assert (await post(client, "/anomalies", again, 409))["code"] == "anomaly_exists"
        bulk = {"collections": [AT_TILL, {**AT_TILL, "amount": 1}]}
        answer = await post(client, "/collections/bulk", bulk, 201)
        assert len(answer["payments"]) == 1
        assert [(r["place"], r["code"]) for r in answer["refused"]] == [(1, "collection_amount_differs")]
        story = (await client.get(f"/payments/{view['payment_id']}/explanation")).json()
        assert story["steps"][0]["event"].startswith("収納 collected: コンビニ")
        for wrong in ({"method": "card"}, {"slip_number": "1"}, {"paid_at": "2021-04-12T09:00:00"}):
            assert (await post(client, "/collections", {**AT_TILL, **wrong}, 422))["code"] == "invalid_request"


async def test_refusals_carry_their_status_and_code(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        consent = {"consent_id": driven.consent_id}
        payment_id = await driven.paid(slip(1))
        busy = await driven.asked(slip(2))
        cases: list[tuple[str, dict[str, Any], int, str]] = [
            ("/consents", {"app_user": "u", "terms_version": "1999-01"}, 422, "terms_not_in_force"),
            ("/scans", {"barcode": slip(), "consent_id": "made-up"}, 422, "consent_missing"),
            ("/scans", {"barcode": slip(3)[:-1], **consent}, 422, "barcode_wrong_length"),
            ("/scans", {"barcode": slip(3, 300_001), **consent}, 422, "barcode_over_limit"),
            ("/scans", {"barcode": slip(3, use_by=NOON.date().replace(day=11)), **consent}, 422, "slip_past_use_by"),
            ("/scans", {"barcode": slip(1), **consent}, 409, "slip_already_paid"),
            ("/scans", {"barcode": slip(2), **consent}, 409, "payment_in_progress"),
            (f"/payments/{payment_id}/card", CARD, 409, "method_already_chosen"),
            (f"/payments/{busy}/internet-banking", {}, 409, "method_already_chosen"),
            ("/payments/made-up/card", CARD, 404, "payment_unknown"),
        ]
        for path, body, status, code in cases:
            assert (await post(client, path, body, status))["code"] == code
        for path in ("/payments/made-up", "/payments/made-up/explanation"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "payment_unknown")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/payments/p/card", {**CARD, "number": "4000000000000001"}, "body"),
        ("/payments/p/card", {**CARD, "last4": "4000000000000001"}, "body.last4"),
        ("/payments/p/card", {**CARD, "brand": "4000000000000001"}, "body.brand"),
        ("/payments/p/internet-banking", {"bank_code": "4000000000000001"}, "body.bank_code"),
        ("/scans", {"barcode": "4000000000000001" * 20, "consent_id": "c"}, "body.barcode"),
        ("/scans/bulk", {"scans": [SCAN, {"barcode": "4000000000000001"}]}, "body.scans.1.consent_id"),
        ("/scans/bulk", {"scans": []}, "body.scans"),
        (
            "/payments/cards",
            {"choices": [CHOICE, {**CHOICE, "last4": "4000000000000001"}]},
            "body.choices.1.last4",
        ),
        ("/consents", {"app_user": "", "terms_version": TERMS}, "body.app_user"),
    ],
)
async def test_what_is_malformed_is_named_without_what_was_sent(
    path: str, body: dict[str, Any], field: str, tmp_path: Path
) -> None:
    async with serving(tmp_path) as (_, client):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert "4000000000000001" not in answer.text


async def test_every_post_honours_its_idempotency_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        scanned = await scan(client, slip(1))
        consent = {"app_user": "user-9", "terms_version": TERMS}
        own = (await post(client, "/consents", consent, 201, "k"))["consent_id"]
        own_scan, choice = {"barcode": slip(6), "consent_id": own}, {**CARD, "payment_id": "made-up"}
        bodies: list[tuple[str, dict[str, Any], dict[str, Any], int]] = [
            ("/consents", consent, {"app_user": "user-10"}, 201),
            ("/scans", {"barcode": slip(2), "consent_id": own}, {"barcode": slip(3)}, 201),
            (f"/payments/{scanned['payment_id']}/card", CARD, {"last4": "0003"}, 202),
            ("/scans/bulk", {"scans": [{"barcode": slip(5), "consent_id": own}]}, {"scans": [own_scan]}, 201),
            ("/payments/cards", {"choices": [choice]}, {"choices": [{**choice, "last4": "0003"}]}, 202),
            ("/collections", AT_TILL, {"method": "counter"}, 201),
            ("/collections/bulk", {"collections": [AT_TILL]}, {"collections": [AT_TILL, AT_TILL]}, 201),
            ("/anomalies", {"kind": "sent_twice", "next": 2}, {"next": 3}, 201),
        ]
        for path, body, change, status in bodies:
            first, again = [await post(client, path, body, status, "k") for _ in range(2)]
            assert first == again
            assert (await post(client, path, {**body, **change}, 409, "k"))["code"] == "idempotency_key_reused"


async def test_the_document_describes_every_use_case_with_examples(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        document = (await client.get("/openapi.json")).json()
        methods = {(method, path) for path, operations in document["paths"].items() for method in operations}
        assert methods >= {
            ("get", "/terms-of-use"),
            ("post", "/consents"),
            ("post", "/scans"),
            ("post", "/scans/bulk"),
            ("post", "/payments/cards"),
            ("post", "/payments/{payment_id}/card"),
            ("post", "/payments/{payment_id}/internet-banking"),
            ("get", "/payments"),
            ("get", "/payments/{payment_id}"),
            ("get", "/payments/{payment_id}/explanation"),
            ("get", "/card-agents"),
            ("get", "/test-banks"),
            ("post", "/collections"),
            ("post", "/collections/bulk"),
            ("get", "/anomaly-kinds"),
            ("get", "/anomalies"),
            ("post", "/anomalies"),
        }
        posts = [o["post"] for path, o in document["paths"].items() if "post" in o and path != "/sessions"]
        assert all("Idempotency-Key" in [p["name"] for p in post["parameters"]] for post in posts)
        schemas = document["components"]["schemas"]
        assert schemas["ScanRequest"]["properties"]["barcode"]["examples"]
        assert schemas["ConsentRequest"]["properties"]["app_user"]["examples"]
        assert schemas["BankChoiceRequest"]["properties"]["bank_code"]["examples"] == ["0001"]
