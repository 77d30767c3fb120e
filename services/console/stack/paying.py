"""Pays a slip at a running stack: as the app would, or at a till, a counter, from an account."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import topics
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import PaymentView
from contracts.vocabulary import Method
from services.chassis.clock import monotonic, pause
from services.chassis.identity import random_token
from services.console.stack.clients import StackClient

PATIENCE_SECONDS = 5.0
SLIP_NUMBER_DIGITS = 21
UNDER_WAY = ("authorizing", "entrusted", "at_bank")


@dataclass(frozen=True, slots=True)
class PayWith:
    """A card, or a bank where there is none."""

    card: str | None
    expiry: str
    bank_code: str


async def pay_slip(client: StackClient, slip: str | bytes, means: PayWith) -> PaymentView:
    """Scan (a barcode's text, or a picture of the slip), choose, and look until the answer is there.

    With a stepped clock it may need time to be advanced.
    """
    attempt = random_token()
    if isinstance(slip, bytes):
        scanned = await client.scan_picture("cli", slip, f"{attempt}/scan")
    else:
        scanned = await client.scan("cli", slip, f"{attempt}/scan")
    if means.card is None:
        view = await client.pay_by_bank(scanned.payment_id, means.bank_code, f"{attempt}/bank")
    else:
        view = await client.pay_by_card(scanned.payment_id, means.card, means.expiry, f"{attempt}/card")
    deadline = monotonic() + PATIENCE_SECONDS
    while view.status in UNDER_WAY and monotonic() < deadline:
        await pause(0.05)
        view = PaymentView.model_validate(await client.get(topics.PAYMENT_PROVIDER, f"/payments/{view.payment_id}"))
    return view


async def collect_slip(client: StackClient, text: str, channel: Method, amount: int | None) -> PaymentView:
    """Report that a slip was paid outside the app; `text` is its barcode, or its number where it has no barcode."""
    named = "slip_number" if len(text) == SLIP_NUMBER_DIGITS and text.isdecimal() else "barcode"
    request = CollectionRequest.model_validate({"method": channel, named: text, "amount": amount})
    return await client.collect(request, f"{random_token()}/collect")
