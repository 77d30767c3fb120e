"""Any payment on any day: what a party explains about a day later equals what it explained when that day ended, and
each wait names the rule or setting that it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import pytest

from contracts.http.service import Explanation
from contracts.vocabulary import business_date, on_the_clock
from services.card_agent.behaviour import OTHER_ACCOUNT
from services.console.sandbox.sandbox import Sandbox
from services.console.scenarios import LIBRARY, Scenario
from services.console.scenarios.playing import find
from services.console.scenarios.world import World
from services.ward.domain.as_of import ACCOUNT_UNKNOWN
from tests.architecture.source_tree import PARTIES, ROOT
from tests.scenarios.second_thoughts import SECOND_THOUGHTS

Explained = Mapping[str, Sequence[Explanation]]
"""Payment → the explanation of each party that has it."""

STEP_BY_STEP = (
    "card-payment",
    "card-company-silent",
    "late-approval",
    "internet-banking",
    "convenience-store",
    "never-confirmed",
    "receipt-data-lost",
    "deposit-short",
    "deposit-missing",
    "paid-twice-and-refunded",
    "paid-twice-and-applied",
)
ERASING = ("erased-on-its-day", "erasure-forgotten")
A_YEAR = 366
"""In a story that takes more days than this, only some days are checked."""
RULE = re.compile(r"\[[^\[\]]{4,}\]")
A_WAIT = re.compile(r'waits_for\s*=\s*f?"([^" ]+)')


def _waits(*explained: Explained) -> set[tuple[str, str, str]]:
    """(party, what it waits for, why)"""
    parts = (part for one in explained for parts in one.values() for part in parts)
    return {(p.party, p.waiting.waits_for, p.waiting.because) for p in parts if p.waiting}


class WatchedSandbox(Sandbox):
    """Has every party explain every payment at the end of each day and after each action."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        overrides = {principal: dict(values) for principal, values in scenario.overrides.items()}
        super().__init__(on_the_clock(scenario.first_day, time(9)), seed, overrides=overrides)
        self.nights: dict[date, Explained] = {}
        self.waits: set[tuple[str, str, str]] = set()
        self._watches_steps = False

    async def played(self, scenario: Scenario, *, step_by_step: bool = False) -> None:
        self._watches_steps = step_by_step
        await scenario.play(World(self, self.seed))
        await self.advance(self.clock.now() + timedelta(days=2))

    async def advance(self, to: datetime) -> None:
        while (night := on_the_clock(business_date(self.clock.now()), time.max)) < to:
            await super().advance(night)
            self.nights[business_date(night)] = await self.explained()
            self.clock.step_to(night + timedelta(microseconds=1))
        await super().advance(to)

    async def settle(self) -> None:
        if self._watches_steps:
            while [service for service in self.services if await service.step()]:
                self.waits |= _waits(await self.explained())
        await super().settle()

    async def explained(self, on: date | None = None) -> Explained:
        payments = [row.payment_id for row in (await self.provider.books()).payments]
        by_party = [await self.provider.queries.explain(payments, on=on)]
        by_party += [await agent.queries.explain(payments, on=on) for agent in self.agents.values()]
        by_party += [await self.ward.queries.explain(payments, on=on)]
        return {i: parts for i in payments if (parts := [t[i] for t in by_party if i in t])}


@pytest.mark.parametrize("scenario", [*LIBRARY, *SECOND_THOUGHTS], ids=lambda scenario: scenario.name)
async def test_what_is_told_of_a_day_later_is_what_was_told_when_it_ended(scenario: Scenario) -> None:
    sandbox = WatchedSandbox(scenario, 7)
    await sandbox.start()
    try:
        await sandbox.played(scenario)
        assert len(sandbox.nights) > 1
        assert [wait for wait in _waits(*sandbox.nights.values()) if not RULE.search(wait[2])] == []
        days = [*sandbox.nights][:: 1 + len(sandbox.nights) // A_YEAR]
        told = _without_details if scenario.name in ERASING else _as_remembered
        for day in days:
            assert told(await sandbox.explained(day)) == told(sandbox.nights[day]), f"on {day}"
    finally:
        await sandbox.close()


def _without_details(explained: Explained) -> Explained:
    """An erasure takes from the past what led to a person: the day of each step stays."""
    return {
        payment_id: [
            part.model_copy(update={"steps": tuple(step.model_copy(update={"detail": ""}) for step in part.steps)})
            for part in parts
        ]
        for payment_id, parts in explained.items()
    }


def _as_remembered(explained: Explained) -> Explained:
    """The number of another account is not stored once its deposit has been transferred: it becomes unknown."""
    return {
        payment_id: [
            Explanation.model_validate_json(part.model_dump_json().replace(OTHER_ACCOUNT, ACCOUNT_UNKNOWN))
            for part in parts
        ]
        for payment_id, parts in explained.items()
    }


async def test_every_wait_that_any_party_can_tell_of_names_its_rule() -> None:
    waits: set[tuple[str, str, str]] = set()
    for scenario in (*map(find, STEP_BY_STEP), *SECOND_THOUGHTS):
        sandbox = WatchedSandbox(scenario, 7)
        await sandbox.start()
        try:
            await sandbox.played(scenario, step_by_step=True)
            waits |= sandbox.waits
        finally:
            await sandbox.close()
    assert [wait for wait in sorted(waits) if not RULE.search(wait[2])] == []
    met = {(party.partition(".")[0], waits_for.split()[0]) for party, waits_for, _ in waits}
    known = {
        (party, term)
        for party in PARTIES
        for term in A_WAIT.findall((ROOT / "services" / party / "explanation.py").read_text(encoding="utf-8"))
    }
    assert met == known, "each wait in the source occurs in a story"
