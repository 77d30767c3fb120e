"""The figures of a year: days to registration and deposit, reminders that crossed a payment, balances. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.books import Books, DepositRow, TransferRow
from contracts.http.ward.reminders import CrossingsView, Visibility, VisibilityView
from contracts.percentiles import percentile
from contracts.topics import PAYMENT_PROVIDER, WARD
from services.console.books.audit import STANDING, audit
from services.console.books.digest import digest

SECONDS_A_DAY = 86_400
IN_TRANSIT = "in_transit_"


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile in days, by nearest rank, over a number of payments."""

    payments: int
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Day:
    """Balances at the end of a day, in yen."""

    on: date
    outstanding: int
    """収入未済: levied, and not registered as paid."""
    in_transit: int
    """収納済未入金: registered as paid, not yet on the account."""
    cash: int
    """入金済: on the account."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A closing statement and its deposits, in yen; the last deposit came on `deposited_on`."""

    settler: str
    closed_on: date
    payments: int
    amount: int
    deposited: int
    deposited_on: date | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one case."""

    label: str
    values: Mapping[str, str]
    digest: str
    payments: int
    yen: int
    refused: int
    """Payments that were refused."""
    unseen: int
    """Payments that the ward has not registered by the last day."""
    visible: Spread | None
    """Days from payment to registration; None without payments."""
    visible_by_channel: Mapping[str, Spread]
    deposited: Spread | None
    """Days from the day of payment to the deposit."""
    reminders: int
    crossed: int
    """Reminders that crossed a payment."""
    crossings_by_channel: Mapping[str, int]
    crossings_by_delay: Mapping[int, int]
    """Days from payment to registration → crossings."""
    days: Sequence[Day]
    settlements: Sequence[Settlement]
    conserved: bool
    """監査: no yen is lost, none is booked twice."""

    def average(self, of: str) -> int:
        """The mean of a day's figure (`outstanding`, `in_transit`, `cash`), in whole yen."""
        yen: list[int] = [getattr(day, of) for day in self.days]
        return round(sum(yen) / len(yen))


@dataclass(frozen=True, slots=True)
class Played:
    """A sandbox's answers at the end of a case."""

    label: str
    values: Mapping[str, str]
    books: Mapping[str, Books]
    visibility: VisibilityView
    crossings: CrossingsView
    refused: int


def measured(played: Played, first: date, last: date) -> Outcome:
    """The figures, with a `Day` for each day from `first` to `last`."""
    ward, seen, crossings = played.books[WARD], played.visibility, played.crossings
    taken = {p.payment_id: p for p in played.books[PAYMENT_PROVIDER].payments if p.status in STANDING}
    known = {receipt.payment_id for receipt in ward.receipts}
    settlements = dict(_settlements(ward))
    return Outcome(
        label=played.label,
        values=played.values,
        digest=digest(played.books),
        payments=len(taken),
        yen=sum(p.amount for p in taken.values()),
        refused=played.refused,
        unseen=len(taken.keys() - known),
        visible=None if seen.overall is None else _in_days(seen.overall),
        visible_by_channel={c.method.value: _in_days(c) for c in seen.by_channel},
        deposited=_spread(_days_until_deposited(ward, settlements, {i: p.on for i, p in taken.items()})),
        reminders=crossings.reminders,
        crossed=crossings.crossed,
        crossings_by_channel={c.method.value: c.crossings for c in crossings.by_channel},
        crossings_by_delay={d.days: d.crossings for d in crossings.by_delay},
        days=list(_days(ward, first, last)),
        settlements=sorted(settlements.values(), key=lambda s: (s.closed_on, s.settler)),
        conserved=audit(played.books).conserved,
    )


def _in_days(seen: Visibility) -> Spread:
    return Spread(seen.payments, seen.median_seconds / SECONDS_A_DAY, seen.p95_seconds / SECONDS_A_DAY)


def _spread(values: Iterable[int]) -> Spread | None:
    ascending = sorted(values)
    return Spread(len(ascending), percentile(ascending, 50), percentile(ascending, 95)) if ascending else None


def _settlements(ward: Books) -> Iterator[tuple[str, Settlement]]:
    """Statement id → its settlement."""
    came: defaultdict[str, list[DepositRow]] = defaultdict(list)
    for deposit in ward.deposits:
        came[deposit.statement_id].append(deposit)
    for s in ward.statements:
        deposits = came[s.statement_id]
        yield (
            s.statement_id,
            Settlement(
                settler=s.settler,
                closed_on=s.closed_on,
                payments=s.payments,
                amount=s.amount,
                deposited=sum(d.amount for d in deposits),
                deposited_on=max((d.on for d in deposits), default=None),
            ),
        )


def _days_until_deposited(
    ward: Books, settlements: Mapping[str, Settlement], paid_on: Mapping[str, date]
) -> Iterator[int]:
    """For each payment of a statement for which something was deposited."""
    for line in ward.lines:
        deposited_on = settlements[line.statement_id].deposited_on
        if deposited_on is not None and line.payment_id in paid_on:
            yield (deposited_on - paid_on[line.payment_id]).days


def _days(ward: Books, first: date, last: date) -> Iterator[Day]:
    booked: defaultdict[date, list[TransferRow]] = defaultdict(list)
    for transfer in ward.transfers:
        booked[max(transfer.on, first)].append(transfer)
    balances: Counter[str] = Counter()
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        for transfer in booked[day]:
            balances[transfer.debit] += transfer.amount
            balances[transfer.credit] -= transfer.amount
        in_transit = sum(yen for account, yen in balances.items() if account.startswith(IN_TRANSIT))
        yield Day(day, balances["premium_receivable"], in_transit, balances["bank_account"])
