"""Pays a slip at a running stack, as the app would."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import topics
from contracts.http import PaymentView
from services.chassis.clock import monotonic, pause
from services.chassis.identity import random_token
from services.console.clients import StackClient

PATIENCE_SECONDS = 5.0
UNDER_WAY = ("authorizing", "entrusted", "at_bank")


@dataclass(frozen=True, slots=True)
class PayWith:
    """A card, or a bank where there is none."""

    card: str | None
    expiry: str
    bank_code: str


async def pay_slip(client: StackClient, barcode: str, means: PayWith) -> PaymentView:
    """Scan, choose, and look until the answer is there; with a stepped clock it may need time to be advanced."""
    attempt = random_token()
    scanned = await client.scan("cli", barcode, f"{attempt}/scan")
    if means.card is None:
        view = await client.pay_by_bank(scanned.payment_id, means.bank_code, f"{attempt}/bank")
    else:
        view = await client.pay_by_card(scanned.payment_id, means.card, means.expiry, f"{attempt}/card")
    deadline = monotonic() + PATIENCE_SECONDS
    while view.status in UNDER_WAY and monotonic() < deadline:
        await pause(0.05)
        view = PaymentView.model_validate(await client.get(topics.PAYMENT_PROVIDER, f"/payments/{view.payment_id}"))
    return view
