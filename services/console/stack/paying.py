"""Pays a slip at a running stack: as the app would, or at a till, a counter, from an account."""

from __future__ import annotations

from contracts import topics
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import PaymentView
from contracts.vocabulary import Method
from services.chassis.clock import monotonic, pause
from services.chassis.identity import random_token
from services.console.payers.paying import Payers, expect
from services.console.payers.plan import ByBank, ByCard
from services.console.stack.channels import StackChannels
from services.console.stack.clients import StackClient

APP_USER = "cli"
PATIENCE_SECONDS = 5.0
SLIP_NUMBER_DIGITS = 21
UNDER_WAY = ("authorizing", "entrusted", "at_bank")


async def pay_slip(client: StackClient, slip: str | bytes, means: ByCard | ByBank) -> PaymentView:
    """Pay a slip in the app, by the text of its barcode or a picture of it.

    Returns when the payment is decided, or after 5 seconds: under a stepped clock the answer may need time to be
    advanced. Raises `Refused`, `Unreachable`.
    """
    channels, attempt = StackChannels(client), random_token()
    payers = Payers(channels)
    if isinstance(slip, bytes):
        scanned = await channels.scan_picture(slip, await payers.consent(APP_USER), f"{attempt}/scan")
    else:
        scanned = expect(await payers.scan_barcode(slip, APP_USER, f"{attempt}/scan"))
    view = expect(await payers.choose(scanned.payment_id, means, attempt))
    deadline = monotonic() + PATIENCE_SECONDS
    while view.status in UNDER_WAY and monotonic() < deadline:
        await pause(0.05)
        view = PaymentView.model_validate(await client.get(topics.PAYMENT_PROVIDER, f"/payments/{view.payment_id}"))
    return view


async def collect_slip(client: StackClient, text: str, channel: Method, amount: int | None) -> PaymentView:
    """Report that a slip was paid outside the app; `text` is its barcode, or its number if it has none."""
    named = "slip_number" if len(text) == SLIP_NUMBER_DIGITS and text.isdecimal() else "barcode"
    request = CollectionRequest.model_validate({"method": channel, named: text, "amount": amount})
    return await StackChannels(client).collect(request, f"{random_token()}/collect")
