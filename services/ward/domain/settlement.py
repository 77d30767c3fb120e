"""How a settler's deposit (入金) is booked.

Each deposit, as soon as it is seen: bank_account debit, in_transit_<settler> credit, for its amount.
Once the statement (締め明細) is complete as well, what keeps the deposits from clearing it:
- its fee: settlement_fees debit, in_transit credit;
- what the deposits are short of total − fee: deposit_differences debit, in_transit credit; what they are over, the
  other way round. A second deposit that makes good what the first was short of takes the difference back.
- what is claimed of that: claims_on_settlers debit, deposit_differences credit, until it is made good.
So in_transit falls by exactly the statement's total, which its receipts have raised it by, and a difference stays in
deposit_differences, by settler and statement, until it is made good or somebody decides about it (`resolution.py`).
Money on another account than the ward designated is noted, and not booked until it is brought over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from contracts.vocabulary import Settler
from services.ward.domain.ledger import IN_TRANSIT, Account, Transfer, transfer


class Booked(NamedTuple):
    """What is booked for a statement beside its deposits."""

    fee: int
    difference: int
    """Deposited more (above 0) or less (below 0) than expected."""
    claimed: int = 0
    """How much of what is short is claimed of the settler."""


NOTHING_BOOKED: Final = Booked(0, 0)


@dataclass(frozen=True, slots=True)
class Statement:
    """締め明細 of one closing period, as its pages say, with what has come of it."""

    statement_id: str
    settler: Settler
    closed_on: date
    deposit_on: date
    total_count: int
    total_amount: int
    fee: int
    pages: int
    received_at: datetime
    """When the first of its pages came."""
    pages_here: int
    deposits: int
    """How many deposits have been seen on the ward's account."""
    deposited: int
    """What they add up to."""
    misdirected: int = 0
    """What has gone to another account, in yen."""
    adjusted: int = 0
    """What decisions add to the difference: above 0 for a shortfall accepted, below 0 for an excess dealt with."""
    claimed: int = 0
    """What was claimed of the settler, in yen, whether it has come by now or not."""
    booked: Booked = NOTHING_BOOKED
    designated_date: date | None = None
    """指定日 of the payments it lists; None where no card agent pays in the payer's stead."""
    overdue_since: datetime | None = None
    """入金遅延: the hour at which its deposit was expected, and not all there."""
    lapsed_at: datetime | None = None
    """When its payments ceased to count as made, for nothing had come by the designated date."""
    settled_at: datetime | None = None
    """Since when all its pages and a deposit, or a decision in its place, are here."""
    reconciled_at: datetime | None = None
    """消込: since when all agrees."""

    @property
    def is_complete(self) -> bool:
        """Whether all its pages are here."""
        return self.pages_here >= self.pages

    @property
    def is_settled(self) -> bool:
        """Whether all its pages and a deposit are here; where nothing is left to deposit, or somebody has decided about
        what did not come, none is waited for."""
        decided = self.claimed > 0 or self.adjusted != 0
        return self.is_complete and (self.deposits > 0 or self.expected == 0 or decided)

    @property
    def expected(self) -> int:
        """入金予定額: what the settler has to deposit."""
        return self.total_amount - self.fee

    @property
    def difference(self) -> int:
        """What is open between deposits and statement: below 0 for too little, above 0 for too much."""
        return self.deposited - self.expected + self.adjusted

    @property
    def is_made_good(self) -> bool:
        """Whether money has come, and all that is due of it."""
        return self.deposits > 0 and self.difference >= 0


def deposit_transfers(statement_id: str, settler: Settler, amount: int) -> tuple[Transfer, ...]:
    """Money of the settler has reached the ward's account.

    Raises `ValueError` for an amount that no deposit can have.
    """
    if amount <= 0:
        raise ValueError(f"the amount of a deposit must be above 0 yen, not {amount}")
    return transfer(Account.BANK_ACCOUNT, IN_TRANSIT[settler], amount, statement_id)


def to_book(statement: Statement) -> Booked:
    """The fee and the difference, once both statement and deposit are here; of a claim what is still to come."""
    if not statement.is_settled:
        return NOTHING_BOOKED
    claimed = min(statement.claimed, max(0, -statement.difference))
    return Booked(statement.fee, statement.deposited - statement.expected, claimed)


def settlement_transfers(statement: Statement, booked: Booked) -> tuple[Transfer, ...]:
    """The entries that lead from what is booked to what is to be."""
    in_transit, subject = IN_TRANSIT[statement.settler], statement.statement_id
    fee = booked.fee - statement.booked.fee
    difference = booked.difference - statement.booked.difference
    claimed = booked.claimed - statement.booked.claimed
    return (
        *transfer(Account.SETTLEMENT_FEES, in_transit, fee, subject),
        *transfer(in_transit, Account.DEPOSIT_DIFFERENCES, difference, subject),
        *transfer(Account.CLAIMS_ON_SETTLERS, Account.DEPOSIT_DIFFERENCES, claimed, subject),
    )


def overdue_since(statement: Statement, now: datetime) -> datetime | None:
    """Since when its deposit is overdue: one that comes at the very hour at which it is expected is not late."""
    in_time = statement.difference >= 0 and statement.overdue_since is not None and now <= statement.overdue_since
    return None if in_time else statement.overdue_since
