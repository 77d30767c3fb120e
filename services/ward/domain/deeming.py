"""代理納付の効力: whether a slip counts as paid on a day, and since when, although the money comes later.

Two laws (地方自治法), by the day on which the payer entrusted the agent. What is said here follows secondary sources;
the official text is to be checked before it is quoted.
- 指定代理納付者 (旧231条の2第6・7項), entrusted until 2022-01-03, by choice until 2023-03-31: the payment counts as
  made when the agent approved it. If it is not deposited by the designated date (指定日), that lapses and the debt
  revives; a later deposit counts on its own day.
- 指定納付受託者 (231条の2の2以下), from 2022-01-04: it counts as made on the day of entrustment. If it is not
  deposited by the designated date, the agent is pursued before the payer; a later deposit restores that day.
Other ways of paying count on the day of the payment. Days are of Japan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

TRUSTEE_FROM: Final = date(2022, 1, 4)
"""施行日 of the new law."""
OLD_SCHEME_ENDS: Final = date(2023, 3, 31)
"""Last day on which the old scheme can be used (経過措置)."""


class LegalMode(StrEnum):
    """The law that applies to a proxy payment."""

    DESIGNATED_AGENT = "designated_agent"  # 指定代理納付者
    DESIGNATED_TRUSTEE = "designated_trustee"  # 指定納付受託者


JAPANESE: Final[Mapping[LegalMode, str]] = {
    LegalMode.DESIGNATED_AGENT: "指定代理納付者",
    LegalMode.DESIGNATED_TRUSTEE: "指定納付受託者",
}


class Effect(StrEnum):
    """What a payment does for its debt on a day."""

    NOT_YET = "not_yet"  # not made yet on that day
    PAID = "paid"  # deposited, or made without an agent
    DEEMED = "deemed"  # みなし納付: counts as made; the deposit may still come in time
    REVIVED = "revived"  # 失効: no longer counts; the payer owes again
    AGENT_PURSUED = "agent_pursued"  # 受託者から徴収: does not count; the agent has to pay instead of the payer


COUNTS: Final = frozenset({Effect.PAID, Effect.DEEMED})


@dataclass(frozen=True, slots=True)
class ProxyPayment:
    """The four dates of a payment that an agent makes for the payer; when its data was sent does not matter."""

    amount: int
    approved_on: date
    entrusted_on: date
    designated_date: date | None = None
    """指定日; None until the agent reports it: until then nothing can lapse."""
    deposited_on: date | None = None
    """The day its money came (`covered_on`); None until then."""
    by_agent: bool = True
    """False if no card agent stands between payer and ward."""


class StandingPayment(NamedTuple):
    """A payment whose receipt stands, with its dates as far as they are known."""

    payment_id: str
    statement_id: str | None
    """The closing statement that lists it; None as long as none does."""
    slip_number: str
    slip_known: bool
    payment: ProxyPayment


@dataclass(frozen=True, slots=True)
class Deeming:
    """What a payment does for its debt on a day; `since` when, None if it does nothing."""

    effect: Effect
    since: date | None = None

    @property
    def counts(self) -> bool:
        return self.effect in COUNTS

    @property
    def is_not_made_yet(self) -> bool:
        """Whether the day asked about is before the payment."""
        return self.effect is Effect.NOT_YET

    @property
    def is_owed_by_payer(self) -> bool:
        """Whether the payer is to be reminded, and arrears run."""
        return self.effect in (Effect.NOT_YET, Effect.REVIVED)


def legal_mode(entrusted_on: date, old_scheme_until: date) -> LegalMode:
    """The law of a payment entrusted on that day; the ward chose the old scheme until `old_scheme_until`.

    That choice is limited to the transitional period from `TRUSTEE_FROM` to `OLD_SCHEME_ENDS`.
    """
    if entrusted_on < TRUSTEE_FROM or entrusted_on <= min(old_scheme_until, OLD_SCHEME_ENDS):
        return LegalMode.DESIGNATED_AGENT
    return LegalMode.DESIGNATED_TRUSTEE


def deeming(p: ProxyPayment, on: date, old_scheme_until: date) -> Deeming:
    """The effect of one payment at the end of the day `on`."""
    mode = legal_mode(p.entrusted_on, old_scheme_until)
    since = p.approved_on if mode is LegalMode.DESIGNATED_AGENT else p.entrusted_on
    if on < since:
        return Deeming(Effect.NOT_YET)
    if not p.by_agent:
        return Deeming(Effect.PAID, since)
    arrived = p.deposited_on is not None and p.deposited_on <= on
    if p.designated_date is None or on <= p.designated_date or _in_time(p):
        return Deeming(Effect.PAID if arrived else Effect.DEEMED, since)
    if not arrived:
        return Deeming(Effect.REVIVED if mode is LegalMode.DESIGNATED_AGENT else Effect.AGENT_PURSUED)
    return Deeming(Effect.PAID, p.deposited_on if mode is LegalMode.DESIGNATED_AGENT else since)


def _in_time(p: ProxyPayment) -> bool:
    return p.designated_date is not None and p.deposited_on is not None and p.deposited_on <= p.designated_date


def covered_on(
    payments: Iterable[tuple[str, int]], deposits: Iterable[tuple[date, int]], allowance: int
) -> dict[str, date]:
    """Payment id → the day on which its money came; missing until then.

    `payments` are (id, yen) of a statement in the order in which its money covers them, `deposits` (day, yen) in the
    order of their days; `allowance` are yen that need not be deposited: the fee, and accepted shortfalls.
    """
    remaining = list(payments)
    covered: dict[str, date] = {}
    money = allowance
    for day, yen in deposits:
        money += yen
        while remaining and remaining[0][1] <= money:
            payment_id, amount = remaining.pop(0)
            money -= amount
            covered[payment_id] = day
    return covered


def slip_deeming(amount: int, payments: Iterable[ProxyPayment], on: date, old_scheme_until: date) -> Deeming:
    """Of a slip of `amount` yen on that day: paid, or deemed so, since the day on which enough counted.

    If not enough counts, the payer owes the rest, unless an agent is to be pursued for it.
    """
    found = [(deeming(p, on, old_scheme_until), p) for p in payments]
    counting = sorted(((d.since, d.effect, p.amount) for d, p in found if d.since is not None and d.counts))
    received = 0
    effect = Effect.PAID
    for since, one, yen in counting:
        received += yen
        effect = Effect.DEEMED if one is Effect.DEEMED else effect
        if received >= amount:
            return Deeming(effect, since)
    pursued = sum(p.amount for d, p in found if d.effect is Effect.AGENT_PURSUED)
    if pursued and received + pursued >= amount:
        return Deeming(Effect.AGENT_PURSUED)
    return Deeming(Effect.REVIVED if any(d.effect is Effect.REVIVED for d, _ in found) else Effect.NOT_YET)
