"""延滞金: yen owed in addition for a debt paid late.

Per day from the day after the due date (納期限の翌日) to the day of payment, at 1/365 of a yearly rate, in leap years
too: rate A for the first three months (3月を経過する日まで), then rate B. Both are set for each calendar year. The debt
is rounded down to a multiple of ¥1,000, and below ¥2,000 bears no arrears; arrears are rounded down to a multiple of
¥100, and below ¥1,000 are not due.
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
    """Rate A: for the first months."""
    late: int
    """Rate B: afterwards."""


@dataclass(frozen=True, slots=True)
class ArrearsRule:
    """How arrears of one charge type (科目) are calculated; each field is a setting. Amounts are in yen."""

    rates: tuple[Rates, ...]
    """Ascending by year. The last rates apply to all later years, the first to all earlier ones."""
    early_months: int
    base_unit: int
    least_base: int
    unit: int
    least: int

    def per_mille(self, year: int, *, early: bool) -> int:
        found = max((r for r in self.rates if r.from_year <= year), default=self.rates[0])
        return found.early if early else found.late

    def base(self, outstanding: int) -> int:
        """The part of a debt that bears arrears."""
        return outstanding // self.base_unit * self.base_unit if outstanding >= self.least_base else 0


class Paid(NamedTuple):
    """A part of the debt, paid on a day (収納日)."""

    on: date
    amount: int


def counted(payments: Iterable[ProxyPayment], until: date, old_scheme_until: date) -> list[Paid]:
    """What counts as paid at the end of the day `until`, and since when, under the law of proxy payment (代理納付).

    If the agent is pursued instead of the payer, the payer's arrears end on the day of entrustment.
    """
    found = ((p, deeming(p, until, old_scheme_until)) for p in payments)
    return [Paid(d.since or p.entrusted_on, p.amount) for p, d in found if d.counts or d.effect is Effect.AGENT_PURSUED]


class Stretch(NamedTuple):
    """A period of days, both inclusive, during which neither base nor rate changes."""

    first: date
    last: date
    base: int
    per_mille: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


class Arrears(NamedTuple):
    """延滞金, with its calculation."""

    amount: int
    stretches: Sequence[Stretch]


def arrears(amount: int, due_on: date, until: date, rule: ArrearsRule, payments: Sequence[Paid] = ()) -> Arrears:
    """Arrears at the end of the day `until`. An amount paid still bears arrears on the day of its payment."""
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
