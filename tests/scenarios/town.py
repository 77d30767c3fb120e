"""A town whose payers pay by every means, with the numbers that lead to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import text

from contracts.http.payment_provider.payments import ConsentRequest, ScanRequest
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.roles import Role
from contracts.vocabulary import Method, business_date, on_the_clock
from services.chassis.access.caller import Caller
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

CLERK = Caller("suzuki", frozenset({Role.COLLECTION_CLERK}), "収納状況の確認")
CARDS = {"4000000000000002": "agent uc", "3530000000000003": "agent jcb"}


def at(month: int, day: int, hour: int = 10, year: int = 2022) -> datetime:
    return on_the_clock(date(year, month, day), time(hour))


@dataclass
class Town:
    """Payers of a sandbox, and the numbers that lead to them."""

    sandbox: Sandbox
    numbers: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)
    payments: dict[str, str] = field(default_factory=dict)
    """Insured number → payment."""

    async def slip(self, insured: str) -> SlipView:
        due_on = business_date(self.sandbox.clock.now()) + timedelta(days=60)
        request = SlipRequest(insured_number=insured, amount=8_500, due_on=due_on)
        issued = expect(await self.sandbox.ward.commands.issue_slip(request))
        self.numbers |= {issued.slip_number, insured} | ({issued.barcode} if issued.barcode else set())
        return issued

    async def pays(self, insured: str, method: Method, **means: str) -> SlipView:
        slip = await self.slip(insured)
        paid = expect(
            await payers_of(self.sandbox).pay(PlannedPayment(self.sandbox.clock.now(), slip, method, **means))
        )
        self.payments[insured] = paid.payment_id
        self.cards |= set(means.values()) & set(CARDS)
        await self.sandbox.settle()
        return slip


async def a_march(sandbox: Sandbox) -> Town:
    """Payments by every means, some of which come to nothing, and a read of each."""
    town = Town(sandbox)
    await town.pays("0000000101", Method.CARD, card_number="4000000000000002")
    await town.pays("0000000102", Method.CARD, card_number="3530000000000003")
    await town.pays("0000000103", Method.INTERNET_BANKING, bank_code="0005")
    await town.pays("0000000104", Method.CONVENIENCE_STORE)
    await town.pays("0000000105", Method.CARD, card_number="4000000000000036")
    await town.pays("0000000106", Method.CARD, card_number="4000000000000051")
    looked_at = await town.slip("0000000107")
    consent = expect(
        await sandbox.provider.commands.consent(
            ConsentRequest(app_user="taro.yamada", terms_version=sandbox.provider.settings.terms_version),
            "consent-of-yamada",
        )
    )
    scanned = ScanRequest(barcode=looked_at.barcode or "", consent_id=consent.consent_id)
    expect(await sandbox.provider.commands.scan(scanned, "scan-of-yamada"))
    town.numbers |= {"taro.yamada", "scan-of-yamada"}
    for service in sandbox.services:
        whose = [f"slip:{looked_at.slip_number}", *(f"payment:{p}" for p in town.payments.values())]
        await service.record_access(CLERK, "GET /payments", whose)
    return town


async def tokens_of(sandbox: Sandbox) -> set[str]:
    """Card tokens, and keyed hashes of numbers, at both agents."""
    found: set[str] = set()
    for agent in sandbox.agents.values():
        async with agent.reading() as session:
            rows = await session.execute(text("SELECT card_token, card_key, account_id FROM cards"))
            found |= {value for row in rows for value in row}
    return found
