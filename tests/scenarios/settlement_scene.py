"""Two card payments of one closing in the sandbox, whose settlement goes wrong as the test requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from contracts import cloudevents, topics
from contracts.events import ReceiptDelivered
from contracts.http.card_agent.anomalies import (
    CorrectionAnswer,
    CorrectionRequest,
    SettlementAnomalyRequest,
    SettlementAnomalyView,
)
from contracts.http.ward.settlement import OpenItem, ResolutionRequest, ResolutionView
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.vocabulary import Agent, Method, ReceiptKind, Refusal, Settler, Yen, business_date, on_the_clock
from services.card_agent.app import CardAgent
from services.chassis.bus.port import Record
from services.chassis.identity import SeededIdentity
from services.console.books.audit import Audit, audit
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

CARDS = ("4000000000000002", "5200000000000007")
"""VISA and Mastercard, both approved."""
AMOUNTS = (8_500, 1_500)


def at(day: date, hour: int = 12) -> datetime:
    return on_the_clock(day, time(hour))


async def published(sandbox: Sandbox, record: ReceiptDelivered) -> None:
    """A receipt record, as if the payment provider had sent it now."""
    event_id = SeededIdentity(0).new(record.TYPE, *record.natural_key)
    headers = cloudevents.headers(event_id, record, topics.PAYMENT_PROVIDER, sandbox.clock.now())
    topic = topics.topic_of(record, topics.PAYMENT_PROVIDER)
    await sandbox.bus.produce([Record(topic, record.key, cloudevents.encode_value(record), headers)])
    await sandbox.settle()


@dataclass
class SettlementScene:
    """Times are of Japan. The payments are made on the first day, at UC."""

    sandbox: Sandbox
    slips: list[SlipView]
    payments: list[str]

    @property
    def agent(self) -> CardAgent:
        return self.sandbox.agents[Agent.UC]

    async def until(self, day: date, hour: int = 20) -> None:
        await self.sandbox.advance(at(day, hour))

    async def statement(self) -> str:
        return (await self.agent.queries.statements())[0].statement_id

    async def correct(self) -> CorrectionAnswer:
        answer = expect(await self.agent.commands.correct(CorrectionRequest(statement_id=await self.statement())))
        await self.sandbox.settle()
        return answer

    async def open_item(self, kind: str) -> OpenItem:
        (item,) = [item for item in await self.sandbox.ward.queries.open_items() if item.kind == kind]
        return item

    async def deliver(self, payment_id: str, slip: SlipView, kind: ReceiptKind, settler: Settler = Settler.UC) -> None:
        """Deliver a receipt record as the collection centre would."""
        now = self.sandbox.clock.now()
        record = ReceiptDelivered(
            payment_id=payment_id,
            kind=kind,
            slip_number=slip.slip_number,
            barcode="",
            amount=Yen(slip.amount),
            method=Method.CARD if settler is Settler.UC else Method.INTERNET_BANKING,
            settler=settler,
            paid_at=now,
            received_on=business_date(now),
            delivered_at=now,
        )
        await published(self.sandbox, record)

    async def open_kinds(self) -> set[str]:
        return {item.kind for item in await self.sandbox.ward.queries.open_items()}

    async def resolve(self, action: str, **about: str) -> ResolutionView:
        answer = await self.try_to_resolve(action, **about)
        assert isinstance(answer, ResolutionView), answer
        return answer

    async def try_to_resolve(self, action: str, **about: str) -> ResolutionView | Refusal:
        asked = {"statement_id": await self.statement(), "decided_by": "staff-1", "because": "as agreed", **about}
        answer = await self.sandbox.ward.commands.resolve(ResolutionRequest.model_validate({"action": action, **asked}))
        await self.sandbox.settle()
        return answer

    async def audited(self) -> Audit:
        return audit(await self.sandbox.books())

    async def states(self) -> set[str]:
        """The state of each finding of the audit."""
        return {finding.state.value for finding in (await self.audited()).findings}

    async def is_clear(self) -> bool:
        """Every statement reconciled, nothing open."""
        books = await self.sandbox.books()
        all_of_them = {s.statement_id for s in books["ward"].statements}
        return set(books["ward"].reconciled) == all_of_them and await self.sandbox.ward.queries.open_items() == []

    async def balance(self, account: str) -> int:
        found = {view.account: view.balance for view in await self.sandbox.ward.queries.balances()}
        assert sum(found.values()) == 0
        return found[account]

    async def outstanding(self) -> list[int]:
        return [expect(await self.sandbox.ward.queries.slip(slip.slip_number)).outstanding for slip in self.slips]


@asynccontextmanager
async def settlement(
    *anomalies: SettlementAnomalyRequest, first_day: date = date(2021, 7, 5), seed: int = 7, **overrides: dict[str, Any]
) -> AsyncIterator[SettlementScene]:
    """The scene just after both payments were made; `overrides` by party, as in `uc={"fee_basis": "net"}`."""
    principals = {"uc": "card_agent.uc", "ward": "ward"}
    settings = {principals[name]: values for name, values in overrides.items()}
    sandbox = Sandbox(at(first_day, 9), seed, overrides=settings)
    await sandbox.start()
    try:
        for anomaly in anomalies:
            assert isinstance(await sandbox.agents[Agent.UC].commands.inject(anomaly), SettlementAnomalyView)
        slips, payments, payers = [], [], payers_of(sandbox)
        for n, amount in enumerate(AMOUNTS):
            request = SlipRequest(insured_number=f"000000000{n}", amount=amount, due_on=date(first_day.year + 1, 3, 1))
            slips.append(expect(await sandbox.ward.commands.issue_slip(request)))
            paid = expect(await payers.pay(PlannedPayment(sandbox.clock.now(), slips[n], Method.CARD, CARDS[n])))
            payments.append(paid.payment_id)
        await sandbox.settle()
        yield SettlementScene(sandbox, slips, payments)
    finally:
        await sandbox.close()
