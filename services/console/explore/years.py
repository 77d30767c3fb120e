"""Plays one case: a fiscal year of all channels in a sandbox, until the ward closes its accounts (出納閉鎖)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from operator import attrgetter

from contracts.calendar import PREMIUM_MONTHS
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import Refusal, business_date, on_the_clock
from services.console.explore.measures import Outcome, Played, measured
from services.console.explore.variations import Case
from services.console.payers.habits import Habits, plan_habits
from services.console.payers.levy import levy
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene


@dataclass(frozen=True, slots=True)
class Crowd:
    """The payers, the same in every case."""

    payers: int = 200
    seed: int = 7
    fiscal_year: int = 2021

    @property
    def first_day(self) -> date:
        return date(self.fiscal_year, 4, 1)

    @property
    def last_day(self) -> date:
        """出納閉鎖: a year's accounts stay open until the end of May after it."""
        return date(self.fiscal_year + 1, 5, 31)

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


DayReached = Callable[[int], None]
"""Called with the number of simulated days that are over."""


async def play_year(case: Case, crowd: Crowd, reached: DayReached) -> Outcome:
    """Every slip of the year is paid by the payers' habits, under the terms of the case."""
    overrides = {party: dict(given) for party, given in case.overrides.items()}
    async with Sandbox(on_the_clock(crowd.first_day, time(0)), crowd.seed, overrides=overrides) as sandbox:
        scene = SandboxScene(sandbox)
        for request in levy(crowd.seed, crowd.payers, crowd.fiscal_year):
            await scene.assess(request)
        slips = await scene.slips(limit=crowd.payers * len(PREMIUM_MONTHS))
        refused = await _pay(scene, _planned(slips, case, crowd), crowd, reached)
        return measured(
            Played(
                label=case.label,
                values=dict(case.values),
                books=await sandbox.books(),
                visibility=await sandbox.ward.queries.visibility(),
                crossings=await sandbox.ward.queries.crossings(limit=0),
                refused=refused,
            ),
            crowd.first_day,
            crowd.last_day,
        )


def _planned(slips: Sequence[SlipView], case: Case, crowd: Crowd) -> list[PlannedPayment]:
    """The payments made before the accounts are closed."""
    end = _end(crowd)
    return [p for p in plan_habits(slips, Habits(mix=case.mix), crowd.seed) if p.at < end]


async def _pay(scene: SandboxScene, planned: Sequence[PlannedPayment], crowd: Crowd, reached: DayReached) -> int:
    """Make the payments in order of time. Returns how many were refused."""
    refused = 0
    for at, together in groupby(planned, attrgetter("at")):
        await scene.advance(at)
        answers = await scene.pay([*together])
        refused += sum(isinstance(answer, Refusal) for answer in answers)
        reached((business_date(at) - crowd.first_day).days)
    await scene.advance(_end(crowd))
    reached(crowd.days)
    return refused


def _end(crowd: Crowd) -> datetime:
    return on_the_clock(crowd.last_day, time(23, 59, 59))
