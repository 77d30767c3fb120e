"""Anything may happen in any order: money is conserved and nothing happens twice.

A failing run prints the steps, the sandbox's seed among them (`start(seed=…)`), and the blob that replays it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts import topics
from contracts.books import Books
from contracts.http.card_agent.payments import WithdrawalRequest
from contracts.http.service import DeadLetterView
from contracts.http.ward.slips import AssessmentsRequest
from contracts.parties import PARTIES
from contracts.vocabulary import IN_APP, OUTSIDE_APP, Agent, Method, Refusal, on_the_clock
from services.chassis import faults
from services.console.books.audit import audit
from services.console.payers.cards import card_number
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from services.payment_provider.app import TEST_BANKS
from services.ward.app import generate_assessments

T = TypeVar("T")

START = on_the_clock(date(2021, 7, 1), time(8))
PAYERS = 3


class Crashed(BaseException):
    """Stands for SIGKILL: nothing catches it but the test."""


class CrashWhenArmed:
    """Crashes its service at the armed point, once."""

    def __init__(self) -> None:
        self.armed: str | None = None

    def reached(self, point: str) -> None:
        if point == self.armed:
            self.armed = None
            raise Crashed(point)


class Flow(RuleBasedStateMachine):
    """Payers, agents and fate, acting on a sandbox of files."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory(prefix="sansha-flow-")
        self._faults = {principal: CrashWhenArmed() for principal in PARTIES}
        self._accepted: set[str] = set()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(work)

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self._run(self._start(seed))

    async def _start(self, seed: int) -> None:
        self.sandbox = Sandbox(START, seed, Path(self._folder.name) / "data")
        for principal in PARTIES:
            await self.sandbox.restart(principal, self._faults[principal])
        assessed = tuple(generate_assessments(seed, PAYERS, 2021))
        expect(await self.sandbox.ward.commands.assess(AssessmentsRequest(assessments=assessed)))
        self.slips = await self.sandbox.ward.queries.slips(limit=PAYERS * 9)
        self.payers = payers_of(self.sandbox)
        self.cards = [c.number for agent in self.sandbox.agents.values() for c in agent.queries.test_cards()]

    @rule(slip=st.integers(0, PAYERS * 9 - 1), card=st.integers(0, 200))
    def pay_by_card(self, slip: int, card: int) -> None:
        """A test card, or one of a payer's own."""
        number = self.cards[card] if card < len(self.cards) else card_number(self.sandbox.seed, str(card))
        self._pay(PlannedPayment(self._now, self.slips[slip], Method.CARD, number))

    @rule(slip=st.integers(0, PAYERS * 9 - 1), bank=st.sampled_from(sorted(TEST_BANKS)))
    def pay_by_bank(self, slip: int, bank: str) -> None:
        self._pay(PlannedPayment(self._now, self.slips[slip], Method.INTERNET_BANKING, bank_code=bank))

    @rule(slip=st.integers(0, PAYERS * 9 - 1), method=st.sampled_from(OUTSIDE_APP))
    def pay_outside_the_app(self, slip: int, method: Method) -> None:
        """At a till, over a counter, from an account: none of these checks earlier payments."""
        self._pay(PlannedPayment(self._now, self.slips[slip], method))

    @rule(slip=st.integers(0, PAYERS * 9 - 1))
    def scan_and_walk_away(self, slip: int) -> None:
        self._surviving(self.payers.scan(self.slips[slip]))

    @rule(hours=st.integers(1, 24 * 12))
    def advance(self, hours: int) -> None:
        self._surviving(self.sandbox.advance(self._now + timedelta(hours=hours)))

    @rule(payment=st.integers(0, 1000), agent=st.sampled_from(list(Agent)))
    @precondition(lambda self: self._accepted)
    def revoke(self, payment: int, agent: Agent) -> None:
        """The card company revokes a sale, if it is this agent's and still can be."""
        payment_id = sorted(self._accepted)[payment % len(self._accepted)]
        self._surviving(self.sandbox.agents[agent].commands.withdraw(WithdrawalRequest(payment_id=payment_id)))

    @rule(principal=st.sampled_from(PARTIES), back=st.sampled_from([1, 5, 1_000]))
    @precondition(lambda self: self._accepted)
    def redeliver(self, principal: str, back: int) -> None:
        """Deliver the last events of every partition again, or all events."""
        self._surviving(self._redeliver(principal, back))

    async def _redeliver(self, principal: str, back: int) -> None:
        names = [t.name for t in topics.readable_by(principal)]
        done = await self.sandbox.bus.committed(principal, names)
        await self.sandbox.bus.reset(principal, {place: max(0, offset - back) for place, offset in done.items()})
        await self.sandbox.restart(principal, self._faults[principal])

    @rule(principal=st.sampled_from(PARTIES), point=st.sampled_from(faults.POINTS))
    def crash_soon(self, principal: str, point: str) -> None:
        """Let the party die when it next reaches this point."""
        self._faults[principal].armed = point

    @invariant()
    def the_books_agree(self) -> None:
        """Whenever nothing is under way, money is conserved and nothing has happened twice."""
        while not self._surviving(self._settled()):
            continue
        found = audit(self._run(self.sandbox.books()))
        assert found.conserved, found.findings
        assert not self._letters(), "a handled event may not fail when it is delivered again"

    async def _settled(self) -> bool:
        await self.sandbox.settle()
        return True

    @invariant()
    def a_slip_is_taken_once_in_the_app(self) -> None:
        provider = self._books()[topics.PAYMENT_PROVIDER]
        taken = [p.slip_number for p in provider.payments if p.status in ("paid", "confirmed") and p.method in IN_APP]
        assert len(taken) == len(set(taken))

    def teardown(self) -> None:
        """In the end every accepted payment is reconciled, declined, cancelled or abandoned by its payer."""
        if hasattr(self, "sandbox"):
            self._finish()
        self._loop.close()
        self._folder.cleanup()

    def _finish(self) -> None:
        for fault in self._faults.values():
            fault.armed = None
        self._run(self.sandbox.advance(self._now + timedelta(days=75)))
        books = self._books()
        found = audit(books)
        assert found.conserved, found.findings
        assert found.under_way == 0
        assert found.untold_yen == 0
        assert found.undeposited_yen == 0
        ward = books[topics.WARD]
        assert set(ward.reconciled) == {s.statement_id for s in ward.statements}
        self._run(self.sandbox.close())

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now()

    def _letters(self) -> list[DeadLetterView]:
        return [letter for service in self.sandbox.services for letter in self._run(service.dead_letters())]

    def _books(self) -> dict[str, Books]:
        return self._run(self.sandbox.books())

    def _pay(self, payment: PlannedPayment) -> None:
        answer = self._surviving(self.payers.pay(payment))
        if answer is not None and not isinstance(answer, Refusal):
            self._accepted.add(answer.payment_id)

    def _surviving(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of the work. If a party crashes in it, the party is restarted and the result is lost."""
        try:
            return self._run(work)
        except Crashed:
            self._run(self._revive())
            return None

    async def _revive(self) -> None:
        """Restart every party; a restart does not harm those that survived."""
        for principal in PARTIES:
            await self.sandbox.restart(principal, self._faults[principal])


class LongFlow(Flow):
    """The same machine, for the night."""


def _played(times: int) -> settings:
    return settings(
        max_examples=times,
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


TestFlow = Flow.TestCase
TestFlow.settings = _played(15)
TestLongFlow = pytest.mark.night(LongFlow.TestCase)
TestLongFlow.settings = _played(200)


def test_the_machine_plays_with_real_slips() -> None:
    """The generator gives the machine what it needs: slips that the app can take."""
    machine = Flow()
    machine.start(seed=1)
    assert len(machine.slips) == PAYERS * 9
    assert all(slip.barcode for slip in machine.slips)
    machine.teardown()
