"""How a settler's deposit (入金) is booked.

Each deposit, as soon as it is seen: bank_account debit, in_transit_<settler> credit, for its amount.
Once the statement (締め明細) is complete as well, the differences between the deposits and its total:
- its fee: settlement_fees debit, in_transit credit;
- a shortfall against total − fee: deposit_differences debit, in_transit credit; an excess, the other way round. A
  second deposit that makes up the shortfall of the first takes the difference back.
- a claimed shortfall: claims_on_settlers debit, deposit_differences credit, until it is made up.
So in_transit falls by exactly the statement's total, by which its receipts have raised it, and a difference stays in
deposit_differences, by settler and statement, until it is made up or decided on (`resolution.py`).
Money paid into another account is recorded, and not booked until it is transferred to the ward's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from contracts.vocabulary import Settler
from services.ward.domain.ledger import IN_TRANSIT, Account, Transfer, transfer


class Booked(NamedTuple):
    """What is booked for a statement in addition to its deposits, in yen."""

    fee: int
    difference: int
    """Yen deposited beyond the expected amount; below 0 for a shortfall."""
    claimed: int = 0
    """Yen of a shortfall claimed from the settler."""


NOTHING_BOOKED: Final = Booked(0, 0)


@dataclass(frozen=True, slots=True)
class Statement:
    """締め明細 of one closing period, with its pages and deposits received so far."""

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
    """Their sum, in yen."""
    misdirected: int = 0
    """Deposited to another account, in yen."""
    adjusted: int = 0
    """Yen that decisions add to the difference: above 0 for a shortfall accepted, below 0 for an excess returned."""
    claimed: int = 0
    """Yen claimed from the settler, received by now or not."""
    booked: Booked = NOTHING_BOOKED
    designated_date: date | None = None
    """指定日 of the payments it lists; None if the settler is no card agent."""
    overdue_since: datetime | None = None
    """入金遅延: when its deposit was expected and had not fully come."""
    lapsed_at: datetime | None = None
    """失効: when payments of it first ceased to count as made."""
    settled_at: datetime | None = None
    """Since when all its pages, and a deposit or a decision in its place, have come."""
    reconciled_at: datetime | None = None
    """消込: since when all agrees."""

    @property
    def is_complete(self) -> bool:
        return self.pages_here >= self.pages

    @property
    def is_settled(self) -> bool:
        """Whether all its pages and a deposit have come. No deposit is awaited if nothing is left to deposit, or if a
        decision was made about the missing money."""
        decided = self.claimed > 0 or self.adjusted != 0
        return self.is_complete and (self.deposits > 0 or self.expected == 0 or decided)

    @property
    def expected(self) -> int:
        """入金予定額, in yen."""
        return self.total_amount - self.fee

    @property
    def difference(self) -> int:
        """入金差異 that is open, in yen: below 0 for a shortfall, above 0 for an excess."""
        return self.deposited - self.expected + self.adjusted

    @property
    def is_made_good(self) -> bool:
        """Whether all that is due has been deposited."""
        return self.deposits > 0 and self.difference >= 0


def deposit_transfers(statement_id: str, settler: Settler, amount: int) -> tuple[Transfer, ...]:
    """A deposit of the settler on the ward's account.

    Raises `ValueError` for an amount that no deposit can have.
    """
    if amount <= 0:
        raise ValueError(f"the amount of a deposit must be above 0 yen, not {amount}")
    return transfer(Account.BANK_ACCOUNT, IN_TRANSIT[settler], amount, statement_id)


def to_book(statement: Statement) -> Booked:
    """Fee and difference, once statement and deposit have come; of a claim, the yen still outstanding."""
    if not statement.is_settled:
        return NOTHING_BOOKED
    claimed = min(statement.claimed, max(0, -statement.difference))
    return Booked(statement.fee, statement.deposited - statement.expected, claimed)


def settlement_transfers(statement: Statement, booked: Booked) -> tuple[Transfer, ...]:
    """The transfers that turn the bookings of the statement into `booked`."""
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
    """Since when its deposit is overdue: one that comes exactly when it is expected is not."""
    in_time = statement.difference >= 0 and statement.overdue_since is not None and now <= statement.overdue_since
    return None if in_time else statement.overdue_since
