"""The comparison as one self-contained page: figures, balances over time, crossings by channel, a calendar per case."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from jinja2 import Environment, PackageLoader

from contracts.calendar import BANK_CALENDAR
from contracts.channels import CHANNELS, SETTLERS
from contracts.vocabulary import Settler
from services.console import charts
from services.console.explore.measures import Outcome, Settlement
from services.console.explore.years import Crowd

MOST_DRAWN: Final = len(charts.COLOURS)
"""The most lines that a reader can distinguish; further cases are in the tables only."""
SHADES: Final = 4
PERIODIC: Final = 4
"""A settler with more closings a month than this is not marked in the calendar."""
SERIES: Final[Mapping[str, str]] = {
    "cash": "入金済 cash on the account",
    "outstanding": "収入未済 outstanding: levied, not registered as paid",
    "in_transit": "収納済未入金 in transit: registered as paid, not yet on the account",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A day in the calendar. `shade` is 0 without a deposit, else 1 to `SHADES` by its amount."""

    is_bank_day: bool
    closes: bool
    shade: int
    says: str


@dataclass(frozen=True, slots=True)
class Month:
    """A row of the calendar; None for days that the month does not have."""

    name: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True)
class SettlerTotal:
    """Closings and deposits of one settler over the year."""

    name: str
    closings: int
    payments: int
    deposited: int
    slowest_days: int
    """The longest time from a closing to its deposit."""


def page(outcomes: Sequence[Outcome], crowd: Crowd) -> str:
    """HTML."""
    environment = Environment(loader=PackageLoader("services.console.explore", "."), autoescape=True, trim_blocks=True)
    environment.filters |= {"yen": lambda yen: f"¥{yen:,}", "days": lambda days: f"{days:.1f}"}
    drawn = outcomes[:MOST_DRAWN]
    return environment.get_template("page.html.j2").render(
        outcomes=outcomes,
        crowd=crowd,
        names=[name for name, _ in outcomes[0].values.items()],
        channels=_channels(outcomes),
        channel_names={method: channel.name for method, channel in CHANNELS.items()},
        left_out=len(outcomes) - len(drawn),
        lines={title: _lines(drawn, series) for series, title in SERIES.items()},
        difference=_difference(drawn),
        crossings=_crossings(outcomes),
        calendars=[(o.label, list(_calendar(o, crowd)), list(_totals(o.settlements))) for o in outcomes],
    )


def _channels(outcomes: Sequence[Outcome]) -> list[str]:
    """The channels used in any case, in the order of `CHANNEL_NAMES`."""
    used = {channel for o in outcomes for channel in o.visible_by_channel}
    return [channel for channel in CHANNELS if channel in used]


def _lines(outcomes: Sequence[Outcome], series: str) -> str:
    return charts.over_time({o.label: [(day.on, getattr(day, series)) for day in o.days] for o in outcomes})


def _difference(outcomes: Sequence[Outcome]) -> str | None:
    """Cash on the account compared with the first case, day by day; None if there is only one case."""
    if len(outcomes) == 1:
        return None
    base = outcomes[0].days
    more = {
        o.label: [(day.on, day.cash - first.cash) for day, first in zip(o.days, base, strict=True)] for o in outcomes
    }
    return charts.over_time(more)


def _crossings(outcomes: Sequence[Outcome]) -> str | None:
    """None if no reminder crossed a payment in any case."""
    crossed = {channel for o in outcomes for channel in o.crossings_by_channel}
    series = {
        channel.name: [o.crossings_by_channel.get(method, 0) for o in outcomes]
        for method, channel in CHANNELS.items()
        if method in crossed
    }
    return charts.stacked([o.label for o in outcomes], series) if series else None


def _deposits(settlements: Sequence[Settlement]) -> Counter[date]:
    """Day → yen deposited."""
    came: Counter[date] = Counter()
    for s in settlements:
        if s.deposited_on is not None:
            came[s.deposited_on] += s.deposited
    return came


def _periodic(settlements: Sequence[Settlement]) -> set[str]:
    """Settlers with few enough closings to mark each."""
    monthly = Counter((s.settler, s.closed_on.year, s.closed_on.month) for s in settlements)
    often = {settler for (settler, _, _), closings in monthly.items() if closings > PERIODIC}
    return {s.settler for s in settlements} - often


def _calendar(outcome: Outcome, crowd: Crowd) -> Iterator[Month]:
    notes: defaultdict[date, list[str]] = defaultdict(list)
    marked, closes = _periodic(outcome.settlements), set()
    for s in outcome.settlements:
        name = SETTLERS[Settler(s.settler)].name
        if s.settler in marked:
            closes.add(s.closed_on)
            notes[s.closed_on].append(f"締 {name} closes: {s.payments} payments, ¥{s.amount:,}")
        if s.deposited_on is not None:
            notes[s.deposited_on].append(f"入金 {name} deposits ¥{s.deposited:,}")
    came = _deposits(outcome.settlements)
    most = max(came.values(), default=0)
    first = crowd.first_day
    while first <= crowd.last_day:
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        days = [first + timedelta(days=n) for n in range((following - first).days)]
        cells: list[Cell | None] = [
            Cell(
                is_bank_day=BANK_CALENDAR.is_open(day),
                closes=day in closes,
                shade=-(-SHADES * came[day] // most) if came[day] else 0,
                says="\n".join([day.isoformat(), *notes[day]]),
            )
            for day in days
        ]
        yield Month(f"{first:%Y-%m}", [*cells, *[None] * (31 - len(days))])
        first = following


def _totals(settlements: Sequence[Settlement]) -> Iterator[SettlerTotal]:
    for settler, names in SETTLERS.items():
        own = [s for s in settlements if s.settler == settler]
        if own:
            yield SettlerTotal(
                name=names.name,
                closings=len(own),
                payments=sum(s.payments for s in own),
                deposited=sum(s.deposited for s in own),
                slowest_days=max(((s.deposited_on - s.closed_on).days for s in own if s.deposited_on), default=0),
            )
