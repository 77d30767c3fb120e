"""The demo on a running stack: over HTTP, with the clock of its console."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import TypeVar

from contracts import topics
from contracts.books import Books
from contracts.http.card_agent.cards import TestCard
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.service import Explanation
from contracts.http.ward.slips import AssessmentsRequest, SlipView
from contracts.vocabulary import JST, Agent, Refusal, on_the_clock
from services.chassis.clock import monotonic
from services.console.books.reading import stack_books
from services.console.demo.year import BadRequest, DemoOptions, DemoResult, Progress, check, play
from services.console.payers.plan import PlannedPayment
from services.console.stack.channels import payers_at
from services.console.stack.clients import StackClient, Unreachable

SLIPS_AT_ONCE = OPEN_ITEMS = 10_000
QUESTIONS_AT_ONCE = 16
Item = TypeVar("Item")
ORDER_OF_PARTIES = (topics.PAYMENT_PROVIDER, topics.WARD, *map(topics.card_agent, Agent))


async def run_demo_on_stack(client: StackClient, options: DemoOptions, progress: Progress | None = None) -> DemoResult:
    """Play the year on a new stack with a stepped clock and the same seed.

    Raises `BadRequest` for another stack or contradictory options, `Refused`, `Unreachable`.
    """
    check(options)
    await _check_stack(client, options)
    began = monotonic()
    scene = StackScene(client)
    await scene.advance(on_the_clock(options.first_day, time(0)))
    return await play(scene, options, began, progress)


async def _check_stack(client: StackClient, options: DemoOptions) -> None:
    right = f"start a new stack with --clock stepped --from {options.first_day} --seed {options.seed}"
    clock = await client.get(topics.CONSOLE, "/clock")
    now = datetime.fromisoformat(clock["now"])
    if clock["rate"] != 0.0:
        raise BadRequest(f"the stack's clock runs by itself; {right}")
    if now > on_the_clock(options.first_day, time(0)):
        raise BadRequest(f"the stack's clock shows {now.astimezone(JST):%Y-%m-%d %H:%M} already; {right}")
    for replica in await client.replicas():
        if replica.status is None:
            raise Unreachable(f"{replica.principal} does not answer at {replica.address}; see its log")
        if replica.status.seed != options.seed:
            raise BadRequest(f"{replica.principal} runs with seed {replica.status.seed}, not {options.seed}; {right}")
    if await client.get(topics.WARD, "/slips", limit=1):
        raise BadRequest(f"the ward has issued slips already; {right} over empty databases")


class StackScene:
    """The parties of a running stack, and payers."""

    def __init__(self, client: StackClient) -> None:
        self.client = client
        self._payers = payers_at(client)

    async def assess(self, request: AssessmentsRequest) -> None:
        await self.client.post(topics.WARD, "/assessments", request)

    async def slips(self, limit: int) -> Sequence[SlipView]:
        found: list[SlipView] = []
        while len(found) < limit:
            behind = {"after": found[-1].slip_number} if found else {}
            wanted = min(limit - len(found), SLIPS_AT_ONCE)
            page = await self.client.get(topics.WARD, "/slips", limit=wanted, **behind)
            found += map(SlipView.model_validate, page)
            if len(page) < wanted:
                break
        return found

    async def test_cards(self) -> Sequence[TestCard]:
        pages = [await self.client.get(topics.card_agent(agent), "/test-cards") for agent in Agent]
        return [TestCard.model_validate(card) for page in pages for card in page]

    async def pay(self, payments: Sequence[PlannedPayment]) -> Sequence[PaymentView | Refusal]:
        """Raises `Refused`."""
        made: list[PaymentView | Refusal] = []
        for page in _pages(payments):
            made += await asyncio.gather(*map(self._payers.pay, page))
        return made

    async def advance(self, to: datetime) -> None:
        await self.client.post(topics.CONSOLE, "/clock/advance", {"to": to.isoformat()}, timeout=None)

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        found: list[PaymentView] = []
        for page in _pages(payment_ids):
            asked = (self.client.get(topics.PAYMENT_PROVIDER, f"/payments/{payment_id}") for payment_id in page)
            found += map(PaymentView.model_validate, await asyncio.gather(*asked))
        return found

    async def explanations(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[Explanation]]:
        parts_of: dict[str, Sequence[Explanation]] = {}
        for page in _pages(payment_ids):
            found = await asyncio.gather(*map(self.client.explanations, page))
            parts_of |= {i: sorted(parts, key=_order) for i, parts in zip(page, found, strict=True)}
        return parts_of

    async def books(self) -> Mapping[str, Books]:
        return await stack_books(self.client)

    async def open_items(self) -> int:
        return len(await self.client.get(topics.WARD, "/open-items", limit=OPEN_ITEMS))


def _pages(asked: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (asked[n : n + QUESTIONS_AT_ONCE] for n in range(0, len(asked), QUESTIONS_AT_ONCE))


def _order(explanation: Explanation) -> int:
    return ORDER_OF_PARTIES.index(explanation.party)
