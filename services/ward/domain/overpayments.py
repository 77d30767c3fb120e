"""過誤納: what becomes of money that a slip has received and does not owe.

It waits for its decision; then it is applied (充当) to the person's overdue debts of the same charge, the oldest due
first, and what remains is refunded (還付). A refund that nobody asks for lapses (時効). Whatever is given away leaves
the slip through an account of its own:

| use      | account          | so that there stands                                        |
|----------|------------------|-------------------------------------------------------------|
| 充当      | applications     | nothing: what leaves one slip comes to another               |
| 還付未済   | refunds_payable  | what the ward has decided to pay back                        |
| 還付済    | bank_account     | less money                                                  |
| 時効      | lapsed_refunds   | income                                                      |

Where a slip lacks what it gave away, because one of its receipts was cancelled (取消), it takes that back: first what
is decided and not paid, then what was applied (that debt revives), then what lapsed; what is already refunded
becomes a claim on the payer (返納金, repayment_claims).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.calendar import BANK_CALENDAR
from contracts.vocabulary import ChargeType, business_date, on_the_clock
from services.ward.domain.ledger import Account
from services.ward.domain.periods import last_day_of_period
from services.ward.domain.slip_accounts import SlipAccount

A_MOMENT: Final = timedelta(milliseconds=2)
"""What is done about an overpayment is done this much later than its cause or its hour: then all that happens at that
instant is known, and the order in which it came makes no difference. Reminders go before."""
_MONTHS: Final = 12


class Use(StrEnum):
    """What an overpayment was given for."""

    APPLIED = "applied"  # 充当
    REFUND_DECIDED = "refund_decided"  # 還付未済
    REFUNDED = "refunded"  # 還付済
    LAPSED = "lapsed"  # 時効


TAKEN_BACK_FROM: Final = {
    Use.REFUND_DECIDED: Account.REFUNDS_PAYABLE,
    Use.APPLIED: Account.APPLICATIONS,
    Use.LAPSED: Account.LAPSED_REFUNDS,
    Use.REFUNDED: Account.REPAYMENT_CLAIMS,
}
"""Where a slip takes back what it gave away, and in which order."""


@dataclass(slots=True)
class OverpaymentUse:
    """充当・還付: a part of a slip's overpayment that was given away."""

    slip_number: str
    number: int
    """Counts what the slip gave away, from 1."""
    use: Use
    amount: int
    to_slip: str | None
    """The slip whose debt it was applied to."""
    decided_at: datetime
    due_at: datetime | None
    """When a decided refund is paid, or lapses."""
    ended_at: datetime | None = None
    """When it was paid or lapsed."""
    withdrawn: int = 0
    """What was taken back."""
    reclaimed: int = 0
    """返納金: what was taken back after it was paid; the payer owes it."""

    @property
    def standing(self) -> int:
        """What is still given away."""
        return self.amount - self.withdrawn - self.reclaimed

    @property
    def paid(self) -> int:
        """What went to the payer's account."""
        return self.amount - self.withdrawn if self.use is Use.REFUNDED else 0


class Overpayment(NamedTuple):
    """過誤納金: what a slip has too much, until it is decided on."""

    slip_number: str
    amount: int
    opened_at: datetime
    decide_at: datetime


@dataclass(slots=True)
class PersonSlip(SlipAccount):
    """One of a person's slips."""

    charge_type: ChargeType
    """科目: debts of one charge are not paid with what was paid for another."""
    due_on: date
    remind_on: date | None
    """The day on which it is reminded of where it is not paid by then; None once it was."""


@dataclass(frozen=True, slots=True)
class Person:
    """All that one insured person owes and has paid too much."""

    slips: dict[str, PersonSlip]
    undecided: dict[str, Overpayment]
    """By slip."""
    uses: list[OverpaymentUse]
    """In the order of slips and numbers."""

    def excess(self, slip_number: str) -> int:
        """What is too much on a slip."""
        return self.slips[slip_number].excess

    def overdue(self, slip_number: str, today: date) -> list[str]:
        """Slips that this one's overpayment can be applied to, the oldest due first."""
        charge = self.slips[slip_number].charge_type
        owed = [(s.due_on, number) for number, s in self.slips.items() if s.due_on < today and s.outstanding]
        return [number for _, number in sorted(owed) if self.slips[number].charge_type is charge]

    def gave(self, slip_number: str) -> list[OverpaymentUse]:
        """What a slip has given away and not taken back, in the order in which it would take it back."""
        order = [*TAKEN_BACK_FROM]
        own = [g for g in self.uses if g.slip_number == slip_number and g.standing]
        return sorted(own, key=lambda g: (order.index(g.use), -g.number))


@dataclass(frozen=True, slots=True)
class OverpaymentTerms:
    """How overpayments are settled; each field is a setting."""

    decision_days: int
    decision_time: time
    refund_days: int | None
    """None: nobody asks for a refund."""
    refund_time: time
    lapse_years: int

    def decide_at(self, opened_at: datetime) -> datetime:
        """When an overpayment that is known since `opened_at` is decided on."""
        day = BANK_CALENDAR.next_open(business_date(opened_at) + timedelta(days=self.decision_days))
        return on_the_clock(day, self.decision_time) + A_MOMENT

    def lapses_on(self, decided_at: datetime) -> date:
        """The first day on which a refund decided then can no longer be asked for."""
        last = last_day_of_period(business_date(decided_at), self.lapse_years * _MONTHS)
        return last + timedelta(days=1)

    def refund_due_at(self, decided_at: datetime) -> datetime:
        """When a refund decided then is paid, or lapses."""
        if self.refund_days is None:
            return on_the_clock(self.lapses_on(decided_at), time(0)) + A_MOMENT
        day = BANK_CALENDAR.next_open(business_date(decided_at) + timedelta(days=self.refund_days))
        return on_the_clock(day, self.refund_time) + A_MOMENT
