"""過誤納: the use of money that a slip has received beyond the amount it owes.

It waits for a decision, and is then applied (充当) to the person's overdue debts of the same charge type, the earliest
due first; the rest is refunded (還付). A refund that is not claimed lapses (時効). Each kind of use is
booked from the slip to a separate account:

| use      | account          | whose balance is                                             |
|----------|------------------|-------------------------------------------------------------|
| 充当      | applications     | zero: what leaves one slip comes to another               |
| 還付未済   | refunds_payable  | what the ward has decided to pay back                        |
| 還付済    | bank_account     | less money                                                  |
| 時効      | lapsed_refunds   | income                                                      |

If a receipt of the slip is cancelled (取消) and the slip now lacks an amount used, it takes that back: first refunds
that are decided and not paid, then amounts applied (that debt revives), then lapsed refunds; a paid refund becomes
a claim on the payer (返納金, repayment_claims).
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
"""An overpayment is settled this long after its cause or its hour: all that happens at that instant is known then, in
whatever order it came. Reminders are sent before."""
_MONTHS: Final = 12


class Use(StrEnum):
    """What an overpayment was used for."""

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
"""The accounts from which a slip takes back amounts used, in this order."""


@dataclass(slots=True)
class OverpaymentUse:
    """充当・還付: the use of a part of a slip's overpayment."""

    slip_number: str
    number: int
    """Counts the uses of the slip's overpayments, from 1."""
    use: Use
    amount: int
    to_slip: str | None
    """The slip to whose debt it was applied; None for a refund."""
    decided_at: datetime
    due_at: datetime | None
    """When a refund is paid, or lapses; None for 充当."""
    ended_at: datetime | None = None
    """When it was paid or lapsed."""
    withdrawn: int = 0
    """Yen taken back before they were paid."""
    reclaimed: int = 0
    """返納金: yen taken back after they were paid; the payer owes them."""

    @property
    def standing(self) -> int:
        """Yen not taken back."""
        return self.amount - self.withdrawn - self.reclaimed

    @property
    def paid(self) -> int:
        """Yen that went to the payer's account."""
        return self.amount - self.withdrawn if self.use is Use.REFUNDED else 0


class Overpayment(NamedTuple):
    """過誤納金: yen that a slip has received beyond the amount it owes, until a decision."""

    slip_number: str
    amount: int
    opened_at: datetime
    decide_at: datetime


@dataclass(slots=True)
class PersonSlip(SlipAccount):
    """One of a person's slips."""

    charge_type: ChargeType
    """科目: an overpayment is applied to debts of the same charge type alone."""
    due_on: date
    remind_on: date | None
    """The day on which it is reminded of unless it is paid; None once it was."""


@dataclass(frozen=True, slots=True)
class Person:
    """All slips of one insured person, and their overpayments."""

    slips: dict[str, PersonSlip]
    undecided: dict[str, Overpayment]
    """By slip number."""
    uses: list[OverpaymentUse]
    """In the order of slips and numbers."""

    def excess(self, slip_number: str) -> int:
        return self.slips[slip_number].excess

    def overdue(self, slip_number: str, today: date) -> list[str]:
        """Slips to which this one's overpayment can be applied, the earliest due first."""
        charge = self.slips[slip_number].charge_type
        owed = [(s.due_on, number) for number, s in self.slips.items() if s.due_on < today and s.outstanding]
        return [number for _, number in sorted(owed) if self.slips[number].charge_type is charge]

    def reclaimable(self, slip_number: str) -> list[OverpaymentUse]:
        """Uses of a slip's overpayments that it can take back, in the order in which it would."""
        order = [*TAKEN_BACK_FROM]
        own = [g for g in self.uses if g.slip_number == slip_number and g.standing]
        return sorted(own, key=lambda g: (order.index(g.use), -g.number))


@dataclass(frozen=True, slots=True)
class OverpaymentTerms:
    """How overpayments are settled; each field is a setting."""

    decision_days: int
    decision_time: time
    refund_days: int | None
    """Days from the decision of a refund to its payment; None: refunds are never claimed."""
    refund_time: time
    lapse_years: int

    def decide_at(self, opened_at: datetime) -> datetime:
        """When an overpayment known since `opened_at` is decided on."""
        day = BANK_CALENDAR.next_open(business_date(opened_at) + timedelta(days=self.decision_days))
        return on_the_clock(day, self.decision_time) + A_MOMENT

    def lapses_on(self, decided_at: datetime) -> date:
        """時効: the first day on which a refund decided at `decided_at` can no longer be claimed."""
        last = last_day_of_period(business_date(decided_at), self.lapse_years * _MONTHS)
        return last + timedelta(days=1)

    def refund_due_at(self, decided_at: datetime) -> datetime:
        """When a refund decided at `decided_at` is paid, or lapses."""
        if self.refund_days is None:
            return on_the_clock(self.lapses_on(decided_at), time(0)) + A_MOMENT
        day = BANK_CALENDAR.next_open(business_date(decided_at) + timedelta(days=self.refund_days))
        return on_the_clock(day, self.refund_time) + A_MOMENT
