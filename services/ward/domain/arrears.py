"""延滞金: what a debt that is paid late costs beside itself.

From the day after the due date (納期限の翌日) to the day of payment, per day, 365 of which make a year in leap years
too: rate A until three months are over (3月を経過する日まで), then rate B. Both are set for each calendar year. The
debt counts in whole ¥1,000, under ¥2,000 not at all; of what comes out whole ¥100 are due, under ¥1,000 nothing.
Source: the ward's notice on 介護保険料の延滞金; each of these figures is a field of the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from services.ward.domain.deeming import Effect, ProxyPayment, deeming
from services.ward.domain.periods import last_day_of_period

DAYS_OF_A_YEAR: Final = 365
PER_MILLE: Final = 1_000
_DAY: Final = timedelta(days=1)


class Rates(NamedTuple):
    """延滞金の割合 of the calendar years from `from_year` on, in thousandths a year."""

    from_year: int
    early: int
    """A: until the first months are over."""
    late: int
    """B: from then on."""


@dataclass(frozen=True, slots=True)
class ArrearsRule:
    """How arrears are reckoned for one type of charge; each field is a setting. Amounts are whole yen."""

    rates: tuple[Rates, ...]
    """Ascending by year. The last ones go on; years before the first have the first."""
    early_months: int
    base_unit: int
    least_base: int
    unit: int
    least: int

    def per_mille(self, year: int, *, early: bool) -> int:
        """The rate of a calendar year."""
        found = max((r for r in self.rates if r.from_year <= year), default=self.rates[0])
        return found.early if early else found.late

    def base(self, outstanding: int) -> int:
        """What of a debt counts."""
        return outstanding // self.base_unit * self.base_unit if outstanding >= self.least_base else 0


class Paid(NamedTuple):
    """A part of the debt, paid on a day (収納日)."""

    on: date
    amount: int


def counted(payments: Iterable[ProxyPayment], until: date, old_scheme_until: date) -> list[Paid]:
    """What the law of proxy payment has a debt paid by at the end of the day `until`, from when on.

    Where the agent is pursued and not the payer, the payer is in no arrears from the day of entrustment on.
    """
    found = ((p, deeming(p, until, old_scheme_until)) for p in payments)
    return [Paid(d.since or p.entrusted_on, p.amount) for p, d in found if d.counts or d.effect is Effect.AGENT_PURSUED]


class Stretch(NamedTuple):
    """Days, both counted, during which neither base nor rate changes."""

    first: date
    last: date
    base: int
    per_mille: int

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


class Arrears(NamedTuple):
    """延滞金 with its reckoning."""

    amount: int
    stretches: Sequence[Stretch]


def arrears(amount: int, due_on: date, until: date, rule: ArrearsRule, payments: Sequence[Paid] = ()) -> Arrears:
    """What has arisen up to the end of the day `until`; what was paid counts to the end of the day of its payment."""
    stretches = tuple(s for s in _stretches(amount, due_on, until, rule, payments) if s.base)
    exact = sum(s.base * s.per_mille * s.days for s in stretches) // (PER_MILLE * DAYS_OF_A_YEAR)
    return Arrears(exact // rule.unit * rule.unit if exact >= rule.least else 0, stretches)


def _stretches(
    amount: int, due_on: date, until: date, rule: ArrearsRule, payments: Sequence[Paid]
) -> Iterator[Stretch]:
    early_until = last_day_of_period(due_on, rule.early_months)
    new_years = (date(year, 1, 1) for year in range(due_on.year, until.year + 1))
    starts = {due_on + _DAY, early_until + _DAY, until + _DAY, *(p.on + _DAY for p in payments), *new_years}
    bounds = sorted(day for day in starts if due_on < day <= until + _DAY)
    for first, following in pairwise(bounds):
        outstanding = amount - sum(p.amount for p in payments if p.on < first)
        per_mille = rule.per_mille(first.year, early=first <= early_until)
        yield Stretch(first, following - _DAY, rule.base(max(0, outstanding)), per_mille)
