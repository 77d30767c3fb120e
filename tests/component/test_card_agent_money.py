"""丙: in any order of events no yen is lost, created or held for ever."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.books import Books
from contracts.events import ClosingStatementIssued, DepositMade, ProxyPaymentAccepted, ProxyPaymentWithdrawn
from contracts.http.card_agent.cards import CardTokenAnswer
from contracts.http.card_agent.payments import AuthorizationView, WithdrawalRequest
from contracts.vocabulary import JST
from tests.component.driven_agent import DrivenAgent

CARDS = ("4000000000000002", "5200000000000007", "4000000000000069", "4000000000000077", "4000000000000051")
LIMIT = 50_000
TWELVE_DAYS = 12 * 24 * 60

payments = st.tuples(st.just("pay"), st.sampled_from(CARDS), st.integers(1, 30_000))
purchases = st.tuples(st.just("buy"), st.sampled_from(CARDS), st.integers(1, 30_000))
reversals = st.tuples(st.just("reverse"), st.integers(0, 5), st.just(0))
entrustments = st.tuples(st.just("entrust"), st.integers(0, 5), st.just(0))
withdrawals = st.tuples(st.just("withdraw"), st.integers(0, 5), st.just(0))
pauses = st.tuples(st.just("advance"), st.integers(1, 20 * 24 * 60), st.just(0))
stories = st.lists(
    st.one_of(payments, purchases, purchases, entrustments, reversals, withdrawals, pauses, pauses),
    min_size=3,
    max_size=20,
)


class Provider:
    """Requests authorizations, entrusts approved ones and reverses the others; the card company may withdraw."""

    def __init__(self, driven: DrivenAgent) -> None:
        self.driven = driven
        self.asked: list[tuple[CardTokenAnswer, int]] = []

    async def does(self, what: str, which: Any, amount: int) -> None:
        driven, n = self.driven, len(self.asked)
        if what == "advance":
            to = driven.clock.now().astimezone(JST) + timedelta(minutes=which)
            await driven.advance(to.isoformat())
        elif what in ("pay", "buy"):
            card = await driven.token(which)
            self.asked.append((card, amount))
            await driven.send(driven.request(f"p{n}", card, amount))
            if what == "buy":
                await self._goes_on("entrust", n)
        elif which < n:
            await self._goes_on(what, which)

    async def _goes_on(self, what: str, n: int) -> None:
        driven, (card, amount) = self.driven, self.asked[n]
        view = await driven.service.queries.payment(f"p{n}")
        assert isinstance(view, AuthorizationView)
        if what == "withdraw":
            await driven.service.commands.withdraw(WithdrawalRequest(payment_id=f"p{n}"))
            await driven.settle()
        elif what == "entrust" and view.status == "approved":
            await driven.send(driven.entrustment(f"p{n}", card, amount))
        elif what == "reverse" and view.status in ("pending", "approved", "declined"):
            await driven.send(driven.reversal(f"p{n}", card))


def undeposited(books: Books) -> int:
    deposited = {row.statement_id for row in books.deposits}
    in_deposits = {row.payment_id for row in books.lines if row.statement_id in deposited}
    return sum(
        row.amount for row in books.proxy_payments if row.status == "taken_on" and row.payment_id not in in_deposits
    )


def fees_withheld(books: Books) -> int:
    deposited = {row.statement_id for row in books.deposits}
    return sum(row.fee for row in books.statements if row.statement_id in deposited)


async def check_money(driven: DrivenAgent) -> None:
    books = await driven.service.books()
    owed = sum(row.amount for row in books.proxy_payments if row.status == "taken_on")
    paid = sum(row.amount for row in books.deposits)
    assert paid + fees_withheld(books) + undeposited(books) == owed
    promised = sum(e.amount for e in await driven.published(ProxyPaymentAccepted))
    withdrawn = sum(e.amount for e in await driven.published(ProxyPaymentWithdrawn))
    assert promised - withdrawn == owed
    assert sum(e.amount for e in await driven.published(DepositMade)) == paid
    pages = await driven.published(ClosingStatementIssued)
    assert sum(line.amount for page in pages for line in page.lines) == sum(row.amount for row in books.statements)
    lines = [row.payment_id for row in books.lines]
    assert len(lines) == len(set(lines))


async def play_story(story: list[tuple[str, Any, int]]) -> None:
    driven = await DrivenAgent.started(credit_limit=LIMIT, fee_basis="net", fee_per_mille=17)
    provider = Provider(driven)
    for step in story:
        await provider.does(*step)
        await check_money(driven)
        assert 0 <= await driven.held() <= LIMIT * len(CARDS)
    await provider.does("advance", 90 * 24 * 60, 0)
    await check_money(driven)
    assert undeposited(await driven.service.books()) == 0
    await _reverse_what_is_left(provider)
    assert await driven.held() == 0
    assert await driven.dead_letters() == []
    await driven.service.close()


async def _reverse_what_is_left(provider: Provider) -> None:
    for n in range(len(provider.asked)):
        await provider.does("reverse", n, 0)


@settings(max_examples=60)
@given(stories)
@example([("buy", CARDS[0], 100), ("buy", CARDS[1], 200), ("advance", TWELVE_DAYS, 0), ("withdraw", 0, 0)])
@example([("buy", CARDS[0], 100), ("withdraw", 0, 0), ("advance", TWELVE_DAYS, 0), ("withdraw", 0, 0)])
@example([("pay", CARDS[2], 100), ("reverse", 0, 0), ("advance", 2, 0), ("entrust", 0, 0)])
@example([("buy", CARDS[3], 100), ("buy", CARDS[3], 200), ("withdraw", 1, 0), ("advance", TWELVE_DAYS, 0)])
def test_what_was_accepted_is_deposited_withheld_or_still_owed(story: list[tuple[str, Any, int]]) -> None:
    asyncio.run(play_story(story))


def test_the_same_story_has_the_same_books() -> None:
    assert asyncio.run(_books_of_a_story()) == asyncio.run(_books_of_a_story())


async def _books_of_a_story() -> Books:
    driven = await DrivenAgent.started(at=datetime.fromisoformat("2021-07-20T03:15:00Z"))
    await driven.accept("p1", "p2", card=await driven.token())
    await driven.advance("2022-03-31T00:00:00+09:00")
    books = await driven.service.books()
    await driven.service.close()
    return books
