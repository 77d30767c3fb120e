"""What the parties' books say, row by row: the common form in which they are compared and digested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class PaymentRow(NamedTuple):
    """A payment at the provider. `attempt` counts the payments opened for one slip, from 1."""

    payment_id: str
    slip_number: str
    attempt: int
    method: str
    settler: str
    amount: int
    status: str
    on: date


class ReceiptRow(NamedTuple):
    """A receipt record: delivered (provider) or registered (ward). `kind` is 01, 02 or 03."""

    payment_id: str
    kind: str
    amount: int
    on: date


class ProxyPaymentRow(NamedTuple):
    """A proxy payment at its agent (`taken_on`), a bank payment at the provider (`collected`); or `withdrawn`."""

    payment_id: str
    settler: str
    amount: int
    status: str
    closes_on: date


class StatementRow(NamedTuple):
    """A closing statement: issued by a settler, or received by the ward."""

    statement_id: str
    settler: str
    closed_on: date
    deposit_on: date
    payments: int
    amount: int
    fee: int


class StatementLineRow(NamedTuple):
    """One payment in a closing statement."""

    statement_id: str
    payment_id: str
    amount: int


class DepositRow(NamedTuple):
    """A deposit: paid by a settler, or seen on the ward's account."""

    deposit_id: str
    statement_id: str
    settler: str
    amount: int
    on: date


class TransferRow(NamedTuple):
    """A double-entry booking of the ward: `amount` from the credited to the debited account."""

    debit: str
    credit: str
    amount: int
    subject: str
    on: date


@dataclass(frozen=True, slots=True)
class Books:
    """One party's books; a party leaves empty what it does not keep."""

    party: str
    payments: Sequence[PaymentRow] = ()
    receipts: Sequence[ReceiptRow] = ()
    proxy_payments: Sequence[ProxyPaymentRow] = ()
    statements: Sequence[StatementRow] = ()
    lines: Sequence[StatementLineRow] = ()
    deposits: Sequence[DepositRow] = ()
    transfers: Sequence[TransferRow] = ()
    reconciled: Sequence[str] = ()
    """Ids of statements whose deposit and receipts all agree (ward)."""
