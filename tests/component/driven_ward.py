"""The ward driven by hand: a real database, a bus in memory, a stepped clock, the test in the other parties' place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from fastapi import FastAPI

from contracts import cloudevents, topics
from contracts.events import ClosingStatementIssued, DepositMade, Event, ReceiptDelivered, StatementLine
from contracts.http.ward.slips import Assessment, AssessmentsRequest, SlipView
from contracts.vocabulary import Agent, Method, ReceiptKind, Refusal, Settler, Yen, business_date
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Record
from services.chassis.clock import Clock
from services.chassis.identity import SeededIdentity
from services.chassis.web.application import create_http
from services.ward.app import Settings, Ward, create_app
from services.ward.routes import router
from tests.component.home import Home

T = TypeVar("T")

NOON = datetime.fromisoformat("2021-07-12T12:00:00+09:00")
PERSON = "0000000123"
CLOSED_ON, DEPOSIT_ON = date(2021, 7, 15), date(2021, 7, 30)


def accepted(answer: T | Refusal) -> T:
    assert not isinstance(answer, Refusal), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


class DrivenWard:
    """`send` what the provider and the settlers would, then look at the books."""

    def __init__(self, settings: Settings, at: datetime) -> None:
        self.clock, self.bus, self.settings = Clock.stepped(at), MemoryBus(), settings
        self.service: Ward = create_app(settings, self.bus, self.clock)
        self._ids = SeededIdentity(0)

    @classmethod
    async def started(cls, home: Home | None = None, at: datetime = NOON, **settings: object) -> DrivenWard:
        url = "sqlite://" if home is None else await home.url("ward")
        values: dict[str, object] = {"seed": 1, "database_url": url, "database_durable": False, **settings}
        driven = cls(Settings.model_validate(values), at)
        if home is not None:
            home.lives_here(driven.service)
        await driven.service.start()
        return driven

    @property
    def http(self) -> FastAPI:
        """The application that its process serves."""
        return create_http(self.service, router(self.service))

    async def assess(self, annual_amount: int = 90_000, insured_number: str = PERSON) -> Sequence[SlipView]:
        """The nine slips of one person."""
        row = Assessment(insured_number=insured_number, levy_year=2021, annual_amount=annual_amount)
        accepted(await self.service.commands.assess(AssessmentsRequest(assessments=(row,))))
        return await self.service.queries.slips(insured_number)

    async def settle(self) -> None:
        while await self.service.step():
            pass

    async def advance(self, to: datetime) -> None:
        """From due time to due time, as whoever owns the clock does."""
        await self.settle()
        while (due := self.service.relay.next_due) is not None and due <= to:
            self.clock.step_to(max(due, self.clock.now()))
            await self.settle()
        self.clock.step_to(max(to, self.clock.now()))

    async def send(self, *events: Event, again: str = "") -> None:
        """As their owners send them; with `again`, under other ids than before."""
        await self.bus.produce([self._record(event, again) for event in events])
        await self.settle()

    def _record(self, event: Event, again: str) -> Record:
        owner = topics.PAYMENT_PROVIDER
        agents = {topics.settler_of(agent): agent for agent in Agent}
        if isinstance(event, ClosingStatementIssued | DepositMade) and event.settler in agents:
            owner = topics.card_agent(agents[event.settler])
        headers = cloudevents.headers(
            self._ids.new(event.TYPE, *event.natural_key, again), event, owner, self.clock.now()
        )
        return Record(topics.topic_of(event, owner), event.key, cloudevents.encode_value(event), headers)

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
    """A record of a payment: of the slip's own amount unless another is given."""
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
