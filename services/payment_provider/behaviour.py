"""The simulated banks of the payers: pure. A bank's code chooses what it answers (published test banks)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class BankBehaviour:
    """How a bank answers: after `answers_in`, with `approves`, taken back after `reverses_in` where that is set."""

    story: str
    approves: bool = True
    answers_in: timedelta = timedelta(seconds=2)
    reverses_in: timedelta | None = None


TEST_BANKS: dict[str, BankBehaviour] = {
    "0001": BankBehaviour("approves after two seconds"),
    "9001": BankBehaviour("refuses: not enough money on the account", approves=False),
    "9002": BankBehaviour(
        "approves, and takes it back half an hour later (速報取消)", reverses_in=timedelta(minutes=30)
    ),
    "9003": BankBehaviour("approves after ten minutes", answers_in=timedelta(minutes=10)),
}
ORDINARY_BANK = "0001"


def behaviour_of(bank_code: str) -> BankBehaviour:
    """A bank that is not in the table behaves like the ordinary one."""
    return TEST_BANKS.get(bank_code, TEST_BANKS[ORDINARY_BANK])
