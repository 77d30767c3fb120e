"""The premium ledger (介護システム) as transfers: each moves an amount from the credited to the debited account.

A transfer has both sides, so every entry balances, and all balances add up to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.channels import SETTLERS
from contracts.vocabulary import Settler


class Account(StrEnum):
    """The ward's accounts. Debit balances are assets and claims, credit balances debts and income."""

    PREMIUM_REVENUE = "premium_revenue"  # 調定収入
    PREMIUM_RECEIVABLE = "premium_receivable"  # 収入未済
    IN_TRANSIT_JCB = "in_transit_jcb"  # 収納済未入金: received by the settler, not yet deposited
    IN_TRANSIT_UC = "in_transit_uc"
    IN_TRANSIT_BANK = "in_transit_bank"
    IN_TRANSIT_COUNTER = "in_transit_counter"
    IN_TRANSIT_BANK_COUNTER = "in_transit_bank_counter"
    IN_TRANSIT_DIRECT_DEBIT = "in_transit_direct_debit"
    IN_TRANSIT_CONVENIENCE_STORE = "in_transit_convenience_store"
    BANK_ACCOUNT = "bank_account"  # 指定金融機関口座
    SETTLEMENT_FEES = "settlement_fees"  # 手数料
    OVERPAYMENTS = "overpayments"  # 過誤納金
    APPLICATIONS = "applications"  # 充当: between the overpaid slip and the one that it is applied to
    REFUNDS_PAYABLE = "refunds_payable"  # 還付未済金
    LAPSED_REFUNDS = "lapsed_refunds"  # 還付時効収入
    REPAYMENT_CLAIMS = "repayment_claims"  # 返納金
    UNKNOWN_RECEIPTS = "unknown_receipts"  # 不明入金
    DEPOSIT_DIFFERENCES = "deposit_differences"  # 入金差異
    CLAIMS_ON_SETTLERS = "claims_on_settlers"  # 精算未収金: a shortfall claimed of its settler
    ACCEPTED_DIFFERENCES = "accepted_differences"  # 差額整理
    LAPSED_PROXY_PAYMENTS = "lapsed_proxy_payments"  # 代理納付失効: owed both by the payer and by the agent


IN_TRANSIT: Final[Mapping[Settler, Account]] = {settler: Account(f"in_transit_{settler}") for settler in Settler}
"""Accounts for money between the payer's payment and the settler's deposit."""
JAPANESE: Final[Mapping[Account, str]] = {
    Account.PREMIUM_REVENUE: "調定収入",
    Account.PREMIUM_RECEIVABLE: "収入未済",
    **{account: f"収納済未入金 {SETTLERS[settler].japanese}" for settler, account in IN_TRANSIT.items()},
    Account.BANK_ACCOUNT: "指定金融機関口座",
    Account.SETTLEMENT_FEES: "手数料",
    Account.OVERPAYMENTS: "過誤納金",
    Account.APPLICATIONS: "充当",
    Account.REFUNDS_PAYABLE: "還付未済金",
    Account.LAPSED_REFUNDS: "還付時効収入",
    Account.REPAYMENT_CLAIMS: "返納金",
    Account.UNKNOWN_RECEIPTS: "不明入金",
    Account.DEPOSIT_DIFFERENCES: "入金差異",
    Account.CLAIMS_ON_SETTLERS: "精算未収金",
    Account.ACCEPTED_DIFFERENCES: "差額整理",
    Account.LAPSED_PROXY_PAYMENTS: "代理納付失効",
}
"""The accounts as the section names them."""


class Transfer(NamedTuple):
    """Moves `amount` (above 0) from the account `credit` to the account `debit`."""

    debit: Account
    credit: Account
    amount: int
    subject: str
    """The slip, payment or statement that it is about."""


class Entry(NamedTuple):
    """Transfers booked together."""

    source: str
    """Their cause: a receipt record, page, deposit, slip, or step of an overpayment's use. None is booked twice."""
    booked_on: date
    transfers: Sequence[Transfer]

    def with_more(self, transfers: Iterable[Transfer]) -> Entry:
        return self._replace(transfers=(*self.transfers, *transfers))


def transfer(debit: Account, credit: Account, amount: int, subject: str) -> tuple[Transfer, ...]:
    """A transfer of `amount`; the opposite one for a negative amount, none for 0."""
    if amount > 0:
        return (Transfer(debit, credit, amount, subject),)
    if amount < 0:
        return (Transfer(credit, debit, -amount, subject),)
    return ()


def levy(slip_number: str, amount: int) -> tuple[Transfer, ...]:
    """調定: the slip is owed from now on."""
    return transfer(Account.PREMIUM_RECEIVABLE, Account.PREMIUM_REVENUE, amount, slip_number)


def balances(totals: Iterable[tuple[Account, Account, int]]) -> dict[Account, int]:
    """Every account's balance, debits less credits, from (debit, credit, amount) of all transfers or sums of them."""
    result = dict.fromkeys(Account, 0)
    for debit, credit, amount in totals:
        result[debit] += amount
        result[credit] -= amount
    return result
