"""How people pay: by which channel, and early, on the day, late, never or twice. Pure: it follows from the seed.

The demo's payers (`plan.py`) only pay in the app; these use all channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from contracts.calendar import BANK_CALENDAR
from contracts.channels import CHANNELS
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import IN_APP, Method, on_the_clock
from services.chassis.identity import Chance, chance
from services.console.payers.cards import card_number
from services.console.payers.plan import PlannedPayment


class Habit(StrEnum):
    """When a slip is paid."""

    EARLY = "early"  # 納期限前
    ON_THE_DAY = "on_the_day"  # 納期限当日
    LATE = "late"  # 納期限後
    NEVER = "never"  # 未納
    TWICE = "twice"  # 二重納付: towards the due date, and once more at another channel


Shares = Mapping[Method, float]
"""Channel → its weight among payers; a missing channel is not used."""

ORDINARY_MIX: Final[Shares] = {
    Method.CONVENIENCE_STORE: 0.38,
    Method.DIRECT_DEBIT: 0.30,
    Method.BANK_COUNTER: 0.20,
    Method.COUNTER: 0.07,
    Method.INTERNET_BANKING: 0.02,
    Method.CARD: 0.03,
}
ORDINARY_HABITS: Final[Mapping[Habit, float]] = {
    Habit.EARLY: 0.45,
    Habit.ON_THE_DAY: 0.25,
    Habit.LATE: 0.24,
    Habit.NEVER: 0.05,
    Habit.TWICE: 0.01,
}


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a channel takes payments, in Japan: from `opens` to the minute before `closes`."""

    opens: time
    closes: time
    """`time(0)` is midnight."""
    on_bank_days_only: bool

    @property
    def minutes(self) -> int:
        """Minutes open per day."""
        return (_minutes(self.closes) or 24 * 60) - _minutes(self.opens)

    def at(self, day: date, minute: int) -> datetime:
        """The instant this many minutes after opening."""
        return on_the_clock(day, self.opens) + timedelta(minutes=minute)


OPENING_HOURS: Final[Mapping[Method, OpeningHours]] = {
    Method.CARD: OpeningHours(time(7), time(22), on_bank_days_only=False),
    Method.INTERNET_BANKING: OpeningHours(time(7), time(22), on_bank_days_only=False),
    Method.COUNTER: OpeningHours(time(8, 30), time(17), on_bank_days_only=True),
    Method.BANK_COUNTER: OpeningHours(time(9), time(15), on_bank_days_only=True),
    Method.DIRECT_DEBIT: OpeningHours(time(9), time(9, 1), on_bank_days_only=True),
    Method.CONVENIENCE_STORE: OpeningHours(time(0), time(0), on_bank_days_only=False),
}
"""For the app, the hours at which people use it. Debits are made in the morning; stores never close."""
EARLIEST_DAYS, LATEST_DAYS, SECOND_PAYMENT_DAYS = 20, 40, 10
"""The most days before the due date, after it, and between the two payments of one slip."""


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of a group of payers, as weights; they need not add up to 1."""

    mix: Shares = field(default_factory=lambda: ORDINARY_MIX)
    when: Mapping[Habit, float] = field(default_factory=lambda: ORDINARY_HABITS)


def plan_habits(slips: Sequence[SlipView], habits: Habits, seed: int) -> list[PlannedPayment]:
    """Every payment of these slips, in order of time. A payer uses one channel, and chooses the time slip by
    slip.

    Direct debits are made on the due date. If the channel does not take a slip (no barcode, or past its use-by date),
    it is paid at a bank's counter. Raises `ValueError` for weights that cannot be used.
    """
    for name, weights in (("mix", habits.mix), ("when", habits.when)):
        if not weights or min(weights.values()) < 0 or sum(weights.values()) <= 0:
            raise ValueError(f"the weights of {name} must not be negative, and one must be above 0: {dict(weights)}")
    planned = [payment for slip in slips for payment in _payments(slip, habits, seed)]
    return sorted(planned, key=lambda p: (p.at, p.slip.slip_number, p.method))


def channel_of(insured_number: str, mix: Shares, seed: int) -> Method:
    """The channel that a payer uses."""
    (chosen,) = chance(seed, "channel", insured_number).choices(list(mix), weights=list(mix.values()))
    return chosen


def _payments(slip: SlipView, habits: Habits, seed: int) -> Iterator[PlannedPayment]:
    draw = chance(seed, "habit", slip.slip_number)
    (habit,) = draw.choices(list(habits.when), weights=list(habits.when.values()))
    channel = channel_of(slip.insured_number, habits.mix, seed)
    if habit is Habit.NEVER and channel is not Method.DIRECT_DEBIT:
        return
    day = slip.due_on + timedelta(days=_days_after_due(habit, channel, draw))
    first = _taking(slip, channel, day)
    day = _open_day(first, day, later=habit is Habit.LATE)
    yield _payment(slip, first, day, draw, seed)
    if habit is Habit.TWICE:
        day += timedelta(days=draw.randint(1, SECOND_PAYMENT_DAYS))
        second = _taking(slip, _another(first, habits.mix, draw), day, besides=first)
        yield _payment(slip, second, _open_day(second, day, later=True), draw, seed)


def _days_after_due(habit: Habit, channel: Method, draw: Chance) -> int:
    if channel is Method.DIRECT_DEBIT:
        return 0
    match habit:
        case Habit.EARLY:
            return -draw.randint(1, EARLIEST_DAYS)
        case Habit.LATE:
            return draw.randint(1, LATEST_DAYS)
        case Habit.TWICE:
            return -draw.randint(0, SECOND_PAYMENT_DAYS)
        case _:
            return 0


def _another(first: Method, mix: Shares, draw: Chance) -> Method:
    """A channel that takes the slip a second time: another one, and not the app if the app took the first."""
    known = IN_APP if first in IN_APP else {first}
    others = {m: share for m, share in mix.items() if share > 0 and m is not Method.DIRECT_DEBIT and m not in known}
    if not others:
        return Method.COUNTER if first is Method.BANK_COUNTER else Method.BANK_COUNTER
    (chosen,) = draw.choices(list(others), weights=list(others.values()))
    return chosen


def _taking(slip: SlipView, wished: Method, day: date, besides: Method | None = None) -> Method:
    """The channel that takes this slip on that day: the one wished for, else a bank's counter, else the ward's."""
    past_use_by = slip.use_by is not None and day > slip.use_by
    if not CHANNELS[wished].needs_barcode or (slip.barcode is not None and not past_use_by):
        return wished
    return Method.COUNTER if besides is Method.BANK_COUNTER else Method.BANK_COUNTER


def _open_day(channel: Method, day: date, *, later: bool) -> date:
    if not OPENING_HOURS[channel].on_bank_days_only:
        return day
    return BANK_CALENDAR.next_open(day) if later else BANK_CALENDAR.previous_open(day)


def _payment(slip: SlipView, method: Method, day: date, draw: Chance, seed: int) -> PlannedPayment:
    hours = OPENING_HOURS[method]
    at = hours.at(day, draw.randrange(hours.minutes))
    return PlannedPayment(at, slip, method, card_number(seed, slip.insured_number) if method is Method.CARD else None)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
