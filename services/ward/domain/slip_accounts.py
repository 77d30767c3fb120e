"""What slips owe and have received, and the postings to the ledger that change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.ward.domain.ledger import Account, Entry, Transfer, transfer


@dataclass(slots=True)
class SlipAccount:
    """The debt of a slip, and the yen that count towards it: its standing receipts and amounts applied, less amounts
    used of its overpayment."""

    amount: int
    received: int

    @property
    def outstanding(self) -> int:
        """収入未済"""
        return self.amount - self.received if self.received < self.amount else 0

    @property
    def excess(self) -> int:
        """過誤納"""
        return self.received - self.amount if self.received > self.amount else 0


class BalanceChange(NamedTuple):
    """A slip of which more or less is overpaid than before, or that is owed again."""

    slip_number: str
    cause: str


class Postings:
    """The postings of one transaction to slips, whose accounts are locked and brought up to date."""

    def __init__(self, accounts: Mapping[str, SlipAccount]) -> None:
        self._accounts = accounts
        self._before: dict[str, tuple[int, int]] = {}
        self.entries: list[Entry] = []
        self.changed: dict[str, SlipAccount] = {}
        self.balance_changes: list[BalanceChange] = []

    def __contains__(self, slip_number: str) -> bool:
        return slip_number in self._accounts

    def count(self, slip_number: str, amount: int) -> tuple[Transfer, ...]:
        """Count `amount` of premium_receivable towards a slip, as a part of the next entry."""
        account = self._accounts[slip_number]
        self._before.setdefault(slip_number, (account.excess, account.outstanding))
        self.changed[slip_number] = account
        return count_towards(slip_number, account, amount)

    def book(self, source: str, on: date, transfers: tuple[Transfer, ...], *, changes_balance: bool = True) -> None:
        """Add an entry, with the changes of balance of the slips that its transfers count towards.

        `changes_balance` is False for an entry that another one of the same transaction reverses.
        """
        if transfers:
            self.entries.append(Entry(source, on, transfers))
        if changes_balance:
            changed = (number for number, was in sorted(self._before.items()) if self._has_changed(number, *was))
            self.balance_changes += [BalanceChange(number, source) for number in changed]
        self._before.clear()

    def _has_changed(self, slip_number: str, excess: int, outstanding: int) -> bool:
        account = self._accounts[slip_number]
        return account.excess != excess or (account.outstanding > 0 and not outstanding)


def count_towards(slip_number: str, account: SlipAccount, amount: int) -> tuple[Transfer, ...]:
    """Count `amount` of premium_receivable towards the slip. Returns what that adds to its overpayment, or takes from
    it."""
    excess = account.excess
    account.received += amount
    return transfer(Account.PREMIUM_RECEIVABLE, Account.OVERPAYMENTS, account.excess - excess, slip_number)
