"""The ward driven by hand; the test is the payment provider and the settlers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from fastapi import APIRouter

from contracts import topics
from contracts.events import ClosingStatementIssued, DepositMade, DutyEvent, Event, ReceiptDelivered, StatementLine
from contracts.http.ward.slips import Assessment, AssessmentsRequest, SlipView
from contracts.vocabulary import Agent, Method, ReceiptKind, Settler, Yen, business_date
from services.ward.app import Settings, Ward, create_app
from services.ward.routes import router
from tests.component.driven import Driven, accepted

NOON = datetime.fromisoformat("2021-07-12T12:00:00+09:00")
PERSON = "0000000123"
CLOSED_ON, DEPOSIT_ON = date(2021, 7, 15), date(2021, 7, 30)


class DrivenWard(Driven[Ward, Settings]):
    """`send` what the provider and the settlers would, then read the books."""

    name, begins = topics.WARD, NOON

    @classmethod
    def validated(cls, settings: Mapping[str, object]) -> Settings:
        return Settings.model_validate(settings)

    def make(self) -> Ward:
        return create_app(self.settings, self.bus, self.clock)

    def routes(self) -> APIRouter:
        return router(self.service)

    def sender(self, event: Event) -> str:
        if isinstance(event, DutyEvent):
            return str(event.contractor)
        agents = {topics.settler_of(agent): agent for agent in Agent}
        if isinstance(event, ClosingStatementIssued | DepositMade) and event.settler in agents:
            return topics.card_agent(agents[event.settler])
        return topics.PAYMENT_PROVIDER

    async def assess(self, annual_amount: int = 90_000, insured_number: str = PERSON) -> Sequence[SlipView]:
        """The nine slips of one person."""
        row = Assessment(insured_number=insured_number, levy_year=2021, annual_amount=annual_amount)
        accepted(await self.service.commands.assess(AssessmentsRequest(assessments=(row,))))
        return await self.service.queries.slips(insured_number)

    async def balances(self) -> dict[str, int]:
        """Accounts that are not 0; all of them add up to zero."""
        views = await self.service.queries.balances()
        assert sum(view.balance for view in views) == 0
        return {view.account: view.balance for view in views if view.balance}

    async def reasons(self, kind: str) -> dict[str, str]:
        """Subject → why it is open, of one kind of open item."""
        return {item.subject: item.because for item in await self.service.queries.open_items() if item.kind == kind}

    async def reconciled(self) -> Sequence[str]:
        return (await self.service.books()).reconciled


def receipt(
    payment_id: str,
    slip: SlipView | str,
    kind: ReceiptKind = ReceiptKind.PRELIMINARY,
    *,
    amount: int | None = None,
    settler: Settler = Settler.JCB,
    paid_at: datetime = NOON,
) -> ReceiptDelivered:
    """A record of a payment, by default of the slip's amount."""
    number = slip if isinstance(slip, str) else slip.slip_number
    own = 10_000 if isinstance(slip, str) else slip.amount
    later = timedelta(days=int(kind) - 1)
    return ReceiptDelivered(
        payment_id=payment_id,
        kind=kind,
        slip_number=number,
        barcode="",
        amount=Yen(own if amount is None else amount),
        method=Method.INTERNET_BANKING if settler is Settler.BANK else Method.CARD,
        settler=settler,
        paid_at=paid_at,
        received_on=business_date(paid_at),
        delivered_at=paid_at + later,
    )


def statement(
    lines: Iterable[tuple[str, int]],
    *,
    statement_id: str = "s1",
    page_size: int = 500,
    fee: int = 0,
    settler: Settler = Settler.JCB,
) -> list[ClosingStatementIssued]:
    """The pages of a closing statement."""
    all_lines = [StatementLine(payment_id, Yen(amount)) for payment_id, amount in lines]
    pages = [tuple(all_lines[n : n + page_size]) for n in range(0, len(all_lines), page_size)]
    return [
        ClosingStatementIssued(
            statement_id=statement_id,
            settler=settler,
            closed_on=CLOSED_ON,
            deposit_on=DEPOSIT_ON,
            total_count=len(all_lines),
            total_amount=Yen(sum(line.amount for line in all_lines)),
            fee=Yen(fee),
            page=number,
            pages=len(pages),
            lines=page,
        )
        for number, page in enumerate(pages, 1)
    ]


def deposit(
    amount: int, *, deposit_id: str = "d1", statement_id: str = "s1", settler: Settler = Settler.JCB
) -> DepositMade:
    """The deposit of a statement."""
    return DepositMade(
        statement_id=statement_id,
        settler=settler,
        closed_on=CLOSED_ON,
        deposit_id=deposit_id,
        amount=Yen(amount),
        deposited_on=DEPOSIT_ON,
    )
