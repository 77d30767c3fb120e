"""Closings (締め): the payments that one counts, the deposits that pay them, the fee of each deposit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from contracts.vocabulary import Brand, Yen
from services.card_agent.domain.terms import DepositSplit, Terms

WHOLE = "closing"
"""The name of the part of a closing that is deposited in one sum."""


class CountedPayment(NamedTuple):
    """A payment of a closing: a line of its statement."""

    payment_id: str
    amount: Yen
    brand: Brand | None = None
    approved_at: datetime | None = None
    entrusted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing period: open until `issued_at`; `deposited_on` is when the agent believes that it was deposited.

    Its figures are 0 until it is issued.
    """

    closed_on: date
    statement_id: str
    deposit_on: date
    count: int = 0
    amount: int = 0
    fee: int = 0
    issued_at: datetime | None = None
    deposited_on: date | None = None


class Deposit(NamedTuple):
    """A transfer to the ward (振込): `believed` is what the agent's books say, `paid` what was paid, on `paid_on`.

    Yen. `paid_on` is None for one that was not made; `account` is empty for the ward's.
    """

    deposit_id: str
    statement_id: str
    name: str
    believed: int
    believed_on: date
    paid: int
    paid_on: date | None
    account: str

    @property
    def reaches_the_ward(self) -> int:
        """Yen that are on the ward's account, or on their way there."""
        return 0 if self.account else self.paid


@dataclass(frozen=True, slots=True)
class Part:
    """What one deposit is for: the whole closing, or its payments by cards of one brand."""

    name: str
    amount: Yen
    fee: Yen

    @property
    def due(self) -> Yen:
        """Yen to be deposited for the closing."""
        return Yen(self.amount - self.fee)


def total(counted: Iterable[CountedPayment]) -> Yen:
    return Yen(sum(payment.amount for payment in counted))


def parts(counted: Sequence[CountedPayment], terms: Terms) -> Sequence[Part]:
    """The parts of a closing by name; none without payments.

    The fee is computed for each part, so that the fees of the parts add up to that of the closing to the yen.
    """
    if terms.agreed.deposit_split is DepositSplit.CLOSING:
        named = [(WHOLE, list(counted))] if counted else []
    else:
        ordered = sorted(counted, key=_brand_name)
        named = [(name, list(some)) for name, some in groupby(ordered, key=_brand_name)]
    return [Part(name, amount := total(some), terms.fee(amount)) for name, some in named]


def _brand_name(payment: CountedPayment) -> str:
    return WHOLE if payment.brand is None else payment.brand.value
